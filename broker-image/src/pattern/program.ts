/** Turns a pattern's tree into a flat program for the matcher. */
import { PATTERN_INSTRUCTIONS_MAX } from '../limits.ts'
import type { CharacterSet } from './character-set.ts'
import { type Look, type Place, type Repeat, type Syntax, widthOf } from './syntax.ts'

/** Instructions. `x` and `y` are their operands; after most of them comes the next one. */
export const OP = {
  /** Takes the character of code `x`. */
  code: 0,
  /** Takes one character of the set number `x`. */
  set: 1,
  /** Goes to `x`, and if that leads nowhere to `y`. */
  fork: 2,
  jump: 3,
  place: 4,
  match: 5,
  /** Runs what follows by itself, up to a `match`, and goes to `x`. `y` numbers the `looks`. */
  look: 6,
  /** The same, and goes on where that ended. */
  atomic: 7,
  /** Keeps the place in register `x`. */
  save: 8,
  /** Goes to `y` if nothing was taken since register `x` was saved. */
  leaveIfIdle: 9,
  /** Keeps, in registers `x` and `x + 1`, what was taken since register `y` was saved. */
  keep: 10,
  /** Takes what registers `x` and `x + 1` keep, again; `y` is 1 if case does not matter. */
  reference: 11,
} as const

export const PLACES: readonly Place[] = ['start', 'lineStart', 'end', 'veryEnd', 'lineEnd', 'wordEdge', 'notWordEdge']

export interface LookAround {
  isNegated: boolean
  /** What to try: from so many characters back, at that instruction. */
  tries: readonly { back: number; at: number }[]
}

export interface Program {
  ops: Uint8Array
  xs: Int32Array
  ys: Int32Array
  /** The number of each fork among the forks, and after the last instruction how many there are. */
  forkNumbers: Int32Array
  sets: readonly CharacterSet[]
  looks: readonly LookAround[]
  /** Places that a match keeps: none unless the pattern has references. */
  registers: number
}

/** @throws SyntaxError for a pattern that is too large, or looks back over a length that is not fixed. */
export function compileSyntax(syntax: Syntax): Program {
  return new Compiler(syntax).program()
}

class Compiler {
  readonly #ops: number[] = []
  readonly #xs: number[] = []
  readonly #ys: number[] = []
  readonly #sets: CharacterSet[] = []
  readonly #looks: LookAround[] = []
  readonly #setNumbers = new Map<CharacterSet, number>()
  readonly #registerOf = new Map<object | number, number>()
  readonly #referred = new Set<number>()
  #registers = 0
  #emitted = 0

  constructor(syntax: Syntax) {
    collectReferences(syntax, this.#referred)
    this.#emit(this.#referred.size === 0 ? withoutTail(syntax) : syntax)
    this.#add(OP.match)
  }

  program(): Program {
    const forkNumbers = new Int32Array(this.#ops.length + 1)
    this.#ops.forEach((op, at) => {
      forkNumbers[at + 1] = forkNumbers[at]! + Number(op === OP.fork)
    })
    return {
      ops: Uint8Array.from(this.#ops),
      xs: Int32Array.from(this.#xs),
      ys: Int32Array.from(this.#ys),
      forkNumbers,
      sets: this.#sets,
      looks: this.#looks,
      registers: this.#registers,
    }
  }

  get #next(): number {
    return this.#ops.length
  }

  #add(op: number, x = 0, y = 0): number {
    this.#xs.push(x)
    this.#ys.push(y)
    return this.#ops.push(op) - 1
  }

  #emit(syntax: Syntax): void {
    if (++this.#emitted > PATTERN_INSTRUCTIONS_MAX || this.#next > PATTERN_INSTRUCTIONS_MAX) {
      throw new SyntaxError('pattern is too large')
    }
    switch (syntax.kind) {
      case 'set':
        this.#emitSet(syntax.set)
        break
      case 'place':
        this.#add(OP.place, PLACES.indexOf(syntax.place))
        break
      case 'sequence':
        for (const part of syntax.of) this.#emit(part)
        break
      case 'either':
        this.#emitEither(syntax.of)
        break
      case 'repeat':
        this.#emitRepeat(syntax)
        break
      case 'look':
        this.#emitLook(syntax)
        break
      case 'atomic':
        this.#emitAtomic(syntax.of)
        break
      case 'group':
        this.#emitGroup(syntax.number, syntax.of)
        break
      case 'reference':
        this.#add(OP.reference, this.#register(syntax.group, 2), Number(syntax.ignoresCase))
    }
  }

  #emitSet(set: CharacterSet): void {
    if (set.length === 2 && set[0] === set[1]) {
      this.#add(OP.code, set[0])
      return
    }
    const number = this.#setNumbers.get(set) ?? this.#sets.push(set) - 1
    this.#setNumbers.set(set, number)
    this.#add(OP.set, number)
  }

  #emitEither(of: readonly Syntax[]): void {
    const jumps: number[] = []
    for (const alternative of of.slice(0, -1)) {
      const fork = this.#fork()
      this.#emit(alternative)
      jumps.push(this.#add(OP.jump))
      this.#join(fork, this.#next, false)
    }
    this.#emit(of.at(-1)!)
    for (const jump of jumps) this.#xs[jump] = this.#next
  }

  #emitRepeat({ of, least, most, isLazy }: Repeat): void {
    const isEndless = most === Number.POSITIVE_INFINITY
    for (let count = isEndless ? 1 : 0; count < least; count++) this.#emit(of)
    if (!isEndless) this.#emitOptional(of, most - least, isLazy)
    else if (least === 0) this.#emitLoop(of, isLazy)
    else this.#emitLoopOnce(of, isLazy)
  }

  /** So often at most. */
  #emitOptional(of: Syntax, most: number, isLazy: boolean): void {
    const forks: number[] = []
    for (let count = 0; count < most; count++) {
      forks.push(this.#fork())
      this.#emit(of)
    }
    for (const fork of forks) this.#join(fork, this.#next, isLazy)
  }

  /** As often as it goes, or not at all. The fork after a turn is another one, so that a first turn may take nothing. */
  #emitLoop(of: Syntax, isLazy: boolean): void {
    const fork = this.#fork()
    this.#emitLoopOnce(of, isLazy)
    this.#join(fork, this.#next, isLazy)
  }

  /** Once, and then as often as it goes. A turn that takes nothing ends it: the next one finds all its forks marked. */
  #emitLoopOnce(of: Syntax, isLazy: boolean): void {
    const start = this.#next
    const leave = this.#emitTurn(of)
    const end = this.#next + 1
    this.#add(OP.fork, isLazy ? end : start, isLazy ? start : end)
    if (leave !== undefined) this.#ys[leave] = end
  }

  /** One turn of a loop. Where places are not remembered, one that takes nothing has to leave it. */
  #emitTurn(of: Syntax): number | undefined {
    if (this.#referred.size === 0) {
      this.#emit(of)
      return undefined
    }
    const register = this.#register(of, 1)
    this.#add(OP.save, register)
    this.#emit(of)
    return this.#add(OP.leaveIfIdle, register)
  }

  /** A fork into what comes next; `#join` says where else it leads. */
  #fork(): number {
    return this.#add(OP.fork)
  }

  #join(fork: number, other: number, isOtherFirst: boolean): void {
    this.#xs[fork] = isOtherFirst ? other : fork + 1
    this.#ys[fork] = isOtherFirst ? fork + 1 : other
  }

  #emitLook({ of, isBehind, isNegated }: Look): void {
    const tries: { back: number; at: number }[] = []
    const look = this.#add(OP.look, 0, this.#looks.push({ isNegated, tries }) - 1)
    for (const alternative of of) {
      const back = isBehind ? widthOf(alternative) : 0
      if (back === undefined) throw new SyntaxError('lookbehind assertion is not fixed length')
      tries.push({ back, at: this.#next })
      this.#emit(alternative)
      this.#add(OP.match)
    }
    this.#xs[look] = this.#next
  }

  #emitAtomic(of: Syntax): void {
    const atomic = this.#add(OP.atomic)
    this.#emit(of)
    this.#add(OP.match)
    this.#xs[atomic] = this.#next
  }

  #emitGroup(number: number, of: Syntax): void {
    if (!this.#referred.has(number)) {
      this.#emit(of)
      return
    }
    const register = this.#register(number, 2)
    const start = this.#register(of, 1)
    this.#add(OP.save, start)
    this.#emit(of)
    this.#add(OP.keep, register, start)
  }

  #register(owner: object | number, count: number): number {
    const known = this.#registerOf.get(owner)
    if (known !== undefined) return known
    const first = this.#registers
    this.#registers += count
    this.#registerOf.set(owner, first)
    return first
  }
}

/** Where a match ends does not matter, so that what may be left out at the end of the pattern is. */
function withoutTail(syntax: Syntax): Syntax {
  switch (syntax.kind) {
    case 'repeat':
      return { ...syntax, most: syntax.least }
    case 'either':
      return { ...syntax, of: syntax.of.map(withoutTail) }
    case 'sequence':
      return { ...syntax, of: syntax.of.map((part, at) => (at === syntax.of.length - 1 ? withoutTail(part) : part)) }
    case 'group':
    case 'atomic':
      return { ...syntax, of: withoutTail(syntax.of) }
    default:
      return syntax
  }
}

function collectReferences(syntax: Syntax, into: Set<number>): void {
  if (syntax.kind === 'reference') into.add(syntax.group)
  else if ('of' in syntax) for (const part of [syntax.of].flat() as Syntax[]) collectReferences(part, into)
}
