/** Character classes: what stands between square brackets [pcrepattern, SQUARE BRACKETS]. */
import { type CharacterSet, complement, ESCAPED_SETS, inBothCases, POSIX_SETS, union } from './character-set.ts'
import type { Cursor } from './cursor.ts'
import { takeEscapedCode } from './escapes.ts'

/** With points or equals signs it would be a collating element, of which PCRE knows none either. */
const POSIX = /\[([:.=])(\^?)([^[\]\\]*?)\1\]/y
const BACKSPACE = 8
const DASH = 45

/** The set of a class whose `[` is behind the cursor. */
export function takeBrackets(cursor: Cursor, ignoresCase: boolean): CharacterSet {
  const isNegated = cursor.skip('^')
  const sets: CharacterSet[] = []
  do {
    if (cursor.isAtEnd) cursor.fail('missing terminating ] for character class')
    sets.push(takeMember(cursor, ignoresCase))
  } while (!cursor.skip(']'))
  const set = ignoresCase ? inBothCases(union(sets)) : union(sets)
  return isNegated ? complement(set) : set
}

function takeMember(cursor: Cursor, ignoresCase: boolean): CharacterSet {
  const posix = cursor.match(POSIX)
  if (posix) {
    // Also where they are negated: else what is no capital would have the small letters, and so all.
    const name = ignoresCase && ['lower', 'upper'].includes(posix[3]!) ? 'alpha' : posix[3]!
    return posixSet(cursor, posix[1] === ':' ? name : '', posix[2] === '^')
  }
  const first = takeSetOrCode(cursor)
  if (typeof first !== 'number') return first
  const start = cursor.at
  if (!cursor.skip('-')) return [first, first]
  if (cursor.next === ']' || cursor.isAtEnd) {
    cursor.at = start
    return [first, first]
  }
  const last = takeSetOrCode(cursor)
  if (typeof last !== 'number') return union([[first, first], [DASH, DASH], last])
  if (last < first) cursor.fail('range out of order in character class')
  return [first, last]
}

function posixSet(cursor: Cursor, name: string, isNegated: boolean): CharacterSet {
  const set = Object.hasOwn(POSIX_SETS, name) ? POSIX_SETS[name] : undefined
  if (!set) return cursor.fail('unknown POSIX class name')
  return isNegated ? complement(set) : set
}

function takeSetOrCode(cursor: Cursor): CharacterSet | number {
  if (!cursor.skip('\\')) return cursor.take().charCodeAt(0)
  const set = Object.hasOwn(ESCAPED_SETS, cursor.next) ? ESCAPED_SETS[cursor.next] : undefined
  if (!set) return cursor.skip('b') ? BACKSPACE : takeEscapedCode(cursor)
  cursor.take()
  return set
}
