/** Reads patterns in the language of PCRE, as far as one can say there which names are meant [pcrepattern]. */
import { PATTERN_CHARACTERS_MAX, PATTERN_DEPTH_MAX } from '../limits.ts'
import { takeBrackets } from './brackets.ts'
import { ANYTHING, ESCAPED_SETS, inBothCases, NOT_NEWLINE } from './character-set.ts'
import { Cursor } from './cursor.ts'
import { takeEscapedCode, withoutQuotes } from './escapes.ts'
import type { Place, Syntax } from './syntax.ts'

const REPEATS_MAX = 65_535
/** What sets flags, and can't be repeated. */
const NOTHING: Syntax = { kind: 'sequence', of: [] }
const BRACES = /\{(\d+)(,?)(\d*)\}/y
const NAMED_GROUP = /\?(?:P?<([a-zA-Z_]\w*)>|'([a-zA-Z_]\w*)')/y
const LOOK = /\?(<?)([=!])/y
const FLAGS = /\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])/y
const COMMENT = /\(\?#[^)]*\)/y
const NAMED_REFERENCE = /\?P=(\w+)\)/y
const REFERENCE = /g\{(-?\w+)\}|g(-?\d+)|k\{([a-zA-Z_]\w*)\}|k<([a-zA-Z_]\w*)>|k'([a-zA-Z_]\w*)'/y
const DECIMAL = /[1-9]\d*/y
const BLANK = /\s+|#[^\n]*/y
const ESCAPED_PLACES: { readonly [letter: string]: Place } = {
  A: 'start',
  B: 'notWordEdge',
  Z: 'end',
  b: 'wordEdge',
  z: 'veryEnd',
}

interface Flags {
  ignoresCase: boolean
  hasLines: boolean
  dotTakesAll: boolean
  skipsBlanks: boolean
}

/** @throws SyntaxError for what is no pattern, or goes beyond what is supported. */
export function parsePattern(text: string): Syntax {
  if (text.length > PATTERN_CHARACTERS_MAX) throw new SyntaxError('pattern is too large')
  return new Parser(withoutQuotes(text)).parse()
}

class Parser {
  readonly #cursor: Cursor
  readonly #groupNumbers = new Map<string, number>()
  #flags: Flags = { ignoresCase: false, hasLines: false, dotTakesAll: false, skipsBlanks: false }
  #groups = 0
  #highestReference = 0
  #depth = 0

  constructor(text: string) {
    this.#cursor = new Cursor(text)
  }

  parse(): Syntax {
    const syntax = either(this.#alternatives())
    if (!this.#cursor.isAtEnd) this.#cursor.fail('unmatched )')
    if (this.#highestReference > this.#groups) this.#cursor.fail('reference to a group that is not there')
    return syntax
  }

  #alternatives(): Syntax[] {
    if (++this.#depth > PATTERN_DEPTH_MAX) this.#cursor.fail('groups are nested too deep')
    const alternatives = [this.#sequence()]
    while (this.#cursor.skip('|')) alternatives.push(this.#sequence())
    this.#depth--
    return alternatives
  }

  #sequence(): Syntax {
    const of: Syntax[] = []
    this.#skipBlanks()
    while (!this.#cursor.isAtEnd && this.#cursor.next !== '|' && this.#cursor.next !== ')') {
      const part = this.#repeated(this.#atom())
      if (part !== NOTHING) of.push(part)
      this.#skipBlanks()
    }
    return of.length === 1 ? of[0]! : { kind: 'sequence', of }
  }

  #skipBlanks(): void {
    while (this.#cursor.match(COMMENT) ?? (this.#flags.skipsBlanks && this.#cursor.match(BLANK)));
  }

  #repeated(atom: Syntax): Syntax {
    this.#skipBlanks()
    const times = this.#times()
    if (!times) return atom
    if (atom.kind === 'place' || atom === NOTHING) this.#cursor.fail('nothing to repeat')
    this.#skipBlanks()
    const isLazy = this.#cursor.skip('?')
    const repeat: Syntax = { kind: 'repeat', of: atom, ...times, isLazy }
    return !isLazy && this.#cursor.skip('+') ? { kind: 'atomic', of: repeat } : repeat
  }

  #times(): { least: number; most: number } | undefined {
    const cursor = this.#cursor
    if (cursor.skip('*')) return { least: 0, most: Number.POSITIVE_INFINITY }
    if (cursor.skip('+')) return { least: 1, most: Number.POSITIVE_INFINITY }
    if (cursor.skip('?')) return { least: 0, most: 1 }
    const braces = cursor.match(BRACES)
    if (!braces) return undefined
    const [, from, comma, to] = braces
    const least = Number(from)
    const most = comma === '' ? least : to === '' ? Number.POSITIVE_INFINITY : Number(to)
    if (Math.max(least, Number.isFinite(most) ? most : 0) > REPEATS_MAX) cursor.fail('number too big in {} quantifier')
    if (most < least) cursor.fail('numbers out of order in {} quantifier')
    return { least, most }
  }

  #atom(): Syntax {
    const cursor = this.#cursor
    if (cursor.match(BRACES)) cursor.fail('nothing to repeat')
    const character = cursor.take()
    switch (character) {
      case '(':
        return this.#group()
      case '[':
        return { kind: 'set', set: takeBrackets(cursor, this.#flags.ignoresCase) }
      case '\\':
        return this.#escape()
      case '.':
        return { kind: 'set', set: this.#flags.dotTakesAll ? ANYTHING : NOT_NEWLINE }
      case '^':
        return { kind: 'place', place: this.#flags.hasLines ? 'lineStart' : 'start' }
      case '$':
        return { kind: 'place', place: this.#flags.hasLines ? 'lineEnd' : 'end' }
      case '*':
      case '+':
      case '?':
        return cursor.fail('nothing to repeat')
      default:
        return this.#character(character.charCodeAt(0))
    }
  }

  #character(code: number): Syntax {
    const set = [code, code]
    return { kind: 'set', set: this.#flags.ignoresCase ? inBothCases(set) : set }
  }

  #escape(): Syntax {
    const cursor = this.#cursor
    const reference = cursor.match(REFERENCE)
    if (reference) return this.#reference(reference.slice(1).find(group => group !== undefined)!)
    const letter = cursor.next
    if (letter === 'g' || letter === 'k') cursor.fail(`\\${letter} is not followed by a group`)
    const place = Object.hasOwn(ESCAPED_PLACES, letter) ? ESCAPED_PLACES[letter] : undefined
    const set = Object.hasOwn(ESCAPED_SETS, letter) ? ESCAPED_SETS[letter] : undefined
    if (place ?? set) cursor.take()
    if (place) return { kind: 'place', place }
    if (set) return { kind: 'set', set }
    return this.#numberedReference() ?? this.#character(takeEscapedCode(cursor))
  }

  /** Up to 7 it is always a reference, from there on only if there are so many groups; else it is octal, or the digit. */
  #numberedReference(): Syntax | undefined {
    const start = this.#cursor.at
    const number = Number(this.#cursor.match(DECIMAL)?.[0] ?? 0)
    if (number > 0 && (number <= 7 || number <= this.#groups)) return this.#reference(`${number}`)
    this.#cursor.at = start
    return undefined
  }

  /** A number, from the last group backwards if it is negative, or a name. */
  #reference(to: string): Syntax {
    const number = /^-?\d+$/.test(to) ? Number(to) : Number.NaN
    const absolute = number < 0 ? this.#groups + 1 + number : number
    const group = this.#groupNumbers.get(to) ?? absolute
    if (!(group > 0)) return this.#cursor.fail('reference to a group that is not there')
    this.#highestReference = Math.max(this.#highestReference, group)
    return { kind: 'reference', group, ignoresCase: this.#flags.ignoresCase }
  }

  /** What a `(` opens, up to its end. */
  #group(): Syntax {
    const cursor = this.#cursor
    const reference = cursor.match(NAMED_REFERENCE)
    if (reference) return this.#reference(reference[1]!)
    const look = cursor.match(LOOK)
    if (look) {
      const of = this.#inside()
      return { kind: 'look', of, isBehind: look[1] === '<', isNegated: look[2] === '!' }
    }
    if (cursor.skip('?>')) return { kind: 'atomic', of: either(this.#inside()) }
    const named = cursor.match(NAMED_GROUP)
    if (named) return this.#capture(named[1] ?? named[2])
    const flags = cursor.match(FLAGS)
    if (flags) return this.#withFlags(flags)
    if (cursor.next === '?' || cursor.next === '*') cursor.fail(`(${cursor.next} is not supported`)
    return this.#capture(undefined)
  }

  #capture(name: string | undefined): Syntax {
    const number = ++this.#groups
    if (name !== undefined && this.#groupNumbers.has(name)) this.#cursor.fail('two groups have the same name')
    if (name !== undefined) this.#groupNumbers.set(name, number)
    return { kind: 'group', of: either(this.#inside()), number }
  }

  /** Flags hold to the end of the group in which they are set. */
  #inside(): Syntax[] {
    const flags = { ...this.#flags }
    const alternatives = this.#alternatives()
    if (!this.#cursor.skip(')')) this.#cursor.fail('missing )')
    this.#flags = flags
    return alternatives
  }

  #withFlags([, on = '', off = '', end]: RegExpExecArray): Syntax {
    const outer = { ...this.#flags }
    for (const letter of on) this.#setFlag(letter, true)
    for (const letter of off) this.#setFlag(letter, false)
    if (end === ')') return NOTHING
    const inner = either(this.#inside())
    this.#flags = outer
    return inner
  }

  #setFlag(letter: string, isOn: boolean): void {
    if (letter === 'i') this.#flags.ignoresCase = isOn
    else if (letter === 'm') this.#flags.hasLines = isOn
    else if (letter === 's') this.#flags.dotTakesAll = isOn
    else if (letter === 'x') this.#flags.skipsBlanks = isOn
    else this.#cursor.fail(`flag ${letter} is not supported`)
  }
}

function either(of: Syntax[]): Syntax {
  return of.length === 1 ? of[0]! : { kind: 'either', of }
}
