/**
 * Runs a pattern's program over a text, in bounded time.
 *
 * Ways are tried one after the other, as PCRE does. Which fork was reached at which place is remembered, so that none is
 * tried twice and the time grows with the length of the text only. A pattern with references can't remember: what follows
 * depends on what was taken. It and the rest are held by a number of steps, after which a match gives up, like PCRE.
 */
import { PATTERN_STEPS_MAX } from '../limits.ts'
import { has } from './character-set.ts'
import { OP, PLACES, type Program } from './program.ts'

const NOWHERE = -1
const NEWLINE = 10
const NO_REGISTERS: readonly number[] = []
/** Bytes of marks that a matcher keeps between two texts; more is allocated for each. */
const MARKS_KEPT = 16_384
/** Marks that are cleared in about the time of a step. */
const MARKS_A_STEP = 64
/** Registers that are copied in about that time. */
const REGISTERS_A_STEP = 8

export class Matcher {
  readonly #program: Program
  readonly #forks: number
  readonly #isAnchored: boolean
  readonly #stack: number[] = []
  readonly #registerStack: (readonly number[])[] = []
  #kept = new Uint8Array(0)
  #marks = this.#kept
  #registers = NO_REGISTERS
  #text = ''
  #at = 0
  #steps = 0

  constructor(program: Program) {
    this.#program = program
    this.#forks = program.forkNumbers.at(-1)!
    this.#isAnchored = program.ops[0] === OP.place && PLACES[program.xs[0]!] === 'start'
  }

  /** Steps that the last text took. */
  get steps(): number {
    return this.#steps
  }

  /** Whether the pattern matches anywhere in the text. One that takes more than `PATTERN_STEPS_MAX` steps does not. */
  test(text: string): boolean {
    const { registers } = this.#program
    const nothingKept = registers === 0 ? NO_REGISTERS : new Array<number>(registers).fill(NOWHERE)
    this.#text = text
    this.#steps = 0
    if (registers === 0) this.#clearMarks(this.#forks * (text.length + 1))
    const last = this.#isAnchored ? 0 : text.length
    for (let start = 0; start <= last && !this.#hasGivenUp; start++) {
      this.#registers = nothingKept
      if (this.#run(0, start) !== NOWHERE) return true
    }
    return false
  }

  get #hasGivenUp(): boolean {
    return this.#steps > PATTERN_STEPS_MAX
  }

  #spend(steps: number): void {
    this.#steps = Math.min(this.#steps + Math.floor(steps), PATTERN_STEPS_MAX + 1)
  }

  #clearMarks(count: number): void {
    this.#spend(count / MARKS_A_STEP)
    if (this.#hasGivenUp) return
    if (count <= this.#kept.length) this.#marks = this.#kept.fill(0, 0, count)
    else {
      this.#marks = new Uint8Array(count)
      if (count <= MARKS_KEPT) this.#kept = this.#marks
    }
  }

  /** Where the first way from there ends, or `NOWHERE`. What it kept is in `#registers`. */
  #run(start: number, at: number): number {
    const base = this.#stack.length
    let instruction = start
    this.#at = at
    for (;;) {
      const reached = this.#follow(instruction)
      if (reached !== NOWHERE) {
        this.#drop(base)
        return reached
      }
      if (this.#hasGivenUp) this.#drop(base)
      if (this.#stack.length === base) return NOWHERE
      this.#at = this.#stack.pop()!
      instruction = this.#stack.pop()!
      if (this.#program.registers > 0) this.#registers = this.#registerStack.pop()!
    }
  }

  #drop(base: number): void {
    this.#stack.length = base
    this.#registerStack.length = this.#program.registers > 0 ? base / 2 : 0
  }

  /** Follows one way up to its end, or to where it fails. */
  #follow(start: number): number {
    const { ops, xs, sets } = this.#program
    let next = start
    while (next !== NOWHERE) {
      if (++this.#steps > PATTERN_STEPS_MAX) return NOWHERE
      switch (ops[next]) {
        case OP.code:
          next = this.#text.charCodeAt(this.#at++) === xs[next] ? next + 1 : NOWHERE
          break
        case OP.set:
          next = has(sets[xs[next]!]!, this.#text.charCodeAt(this.#at++)) ? next + 1 : NOWHERE
          break
        case OP.fork:
          next = this.#fork(next)
          break
        case OP.jump:
          next = xs[next]!
          break
        case OP.match:
          return this.#at
        default:
          next = this.#special(next)
      }
    }
    return NOWHERE
  }

  #fork(fork: number): number {
    const { registers, forkNumbers, ops, xs, ys } = this.#program
    if (registers === 0) {
      const mark = forkNumbers[fork]! * (this.#text.length + 1) + this.#at
      if (this.#marks[mark] === 1) return NOWHERE
      this.#marks[mark] = 1
    }
    const first = xs[fork]!
    const other = ys[fork]!
    if (ops[first] === OP.code && xs[first] !== this.#text.charCodeAt(this.#at)) return other
    if (registers > 0) this.#registerStack.push(this.#registers)
    this.#stack.push(other, this.#at)
    return first
  }

  #special(instruction: number): number {
    const { ops, xs, ys } = this.#program
    const x = xs[instruction]!
    const y = ys[instruction]!
    switch (ops[instruction]) {
      case OP.place:
        return this.#isPlace(x) ? instruction + 1 : NOWHERE
      case OP.look:
        return this.#look(x, y)
      case OP.atomic:
        return this.#atomic(instruction + 1, x)
      case OP.save:
        return this.#set(instruction, x, [this.#at])
      case OP.keep:
        return this.#set(instruction, x, [this.#registers[y]!, this.#at])
      case OP.leaveIfIdle:
        return this.#registers[x] === this.#at ? y : instruction + 1
      default:
        return this.#isAgain(x, y === 1) ? instruction + 1 : NOWHERE
    }
  }

  #set(instruction: number, register: number, places: readonly number[]): number {
    this.#spend(this.#registers.length / REGISTERS_A_STEP)
    const changed = this.#registers.slice()
    places.forEach((place, index) => {
      changed[register + index] = place
    })
    this.#registers = changed
    return instruction + 1
  }

  #look(next: number, number: number): number {
    const { isNegated, tries } = this.#program.looks[number]!
    const at = this.#at
    const before = this.#registers
    const isThere = tries.some(({ back, at: start }) => {
      this.#spend(1)
      this.#registers = before
      return back <= at && this.#apart(start, next, at - back) !== NOWHERE
    })
    this.#at = at
    if (isNegated || !isThere) this.#registers = before
    return isThere === isNegated ? NOWHERE : next
  }

  #atomic(start: number, next: number): number {
    const end = this.#apart(start, next, this.#at)
    this.#at = end
    return end === NOWHERE ? NOWHERE : next
  }

  /** Runs a part of the program by itself. Marks mean failure, so that those of a success have to go. */
  #apart(start: number, end: number, at: number): number {
    const reached = this.#run(start, at)
    if (reached === NOWHERE || this.#program.registers > 0) return reached
    const { forkNumbers } = this.#program
    const places = this.#text.length + 1
    const from = forkNumbers[start]! * places
    const to = forkNumbers[end]! * places
    this.#spend((to - from) / MARKS_A_STEP)
    this.#marks.fill(0, from, to)
    return reached
  }

  #isPlace(number: number): boolean {
    const text = this.#text
    const at = this.#at
    const isLast = at === text.length
    const isBeforeNewline = text.charCodeAt(at) === NEWLINE
    switch (PLACES[number]) {
      case 'start':
        return at === 0
      case 'lineStart':
        return at === 0 || (!isLast && text.charCodeAt(at - 1) === NEWLINE)
      case 'end':
        return isLast || (at === text.length - 1 && isBeforeNewline)
      case 'veryEnd':
        return isLast
      case 'lineEnd':
        return isLast || isBeforeNewline
      case 'wordEdge':
        return isWord(text, at - 1) !== isWord(text, at)
      default:
        return isWord(text, at - 1) === isWord(text, at)
    }
  }

  #isAgain(register: number, ignoresCase: boolean): boolean {
    const from = this.#registers[register]!
    if (from === NOWHERE) return false
    const kept = this.#text.slice(from, this.#registers[register + 1])
    const found = this.#text.slice(this.#at, this.#at + kept.length)
    this.#spend(kept.length)
    this.#at += kept.length
    return found === kept || (ignoresCase && inCapitals(found) === inCapitals(kept))
  }
}

function isWord(text: string, at: number): boolean {
  return /\w/.test(text.charAt(at))
}

function inCapitals(text: string): string {
  return text.replace(/[a-z]+/g, letters => letters.toUpperCase())
}
