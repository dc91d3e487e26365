/** Sets of characters (UTF-16 code units) as ascending ranges that do not touch. */

/** Pairs of the first and the last code of each range. */
export type CharacterSet = readonly number[]

const CODE_MAX = 0xffff
const CASE_DISTANCE = 32

export const NOT_NEWLINE: CharacterSet = complement([10, 10])
export const ANYTHING: CharacterSet = [0, CODE_MAX]

/** What the letter after a backslash stands for [pcrepattern, generic character types; without Unicode properties]. */
export const ESCAPED_SETS: { readonly [letter: string]: CharacterSet } = withComplements({
  d: between('09'),
  h: union([between('\t\t'), between('  '), between('\u00a0\u00a0')]),
  s: union([between('\t\r'), between('  ')]),
  v: union([between('\n\r'), between('\u0085\u0085')]),
  w: union([between('09'), between('AZ'), between('__'), between('az')]),
})

/** Names between `[:` and `:]` [pcrepattern, POSIX character classes]. */
export const POSIX_SETS: { readonly [name: string]: CharacterSet } = {
  alnum: union([between('09'), between('AZ'), between('az')]),
  alpha: union([between('AZ'), between('az')]),
  ascii: [0, 127],
  blank: union([between('\t\t'), between('  ')]),
  cntrl: union([
    [0, 31],
    [127, 127],
  ]),
  digit: between('09'),
  graph: between('!~'),
  lower: between('az'),
  print: between(' ~'),
  punct: union([between('!/'), between(':@'), between('[`'), between('{~')]),
  space: union([between('\t\r'), between('  ')]),
  upper: between('AZ'),
  word: union([between('09'), between('AZ'), between('__'), between('az')]),
  xdigit: union([between('09'), between('AF'), between('af')]),
}

/** In steps by the logarithm of the ranges: a class of thousands costs a match no more than one of two. */
export function has(set: CharacterSet, code: number): boolean {
  let low = 0
  let high = set.length >>> 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (code > set[2 * middle + 1]!) low = middle + 1
    else high = middle
  }
  return 2 * low < set.length && code >= set[2 * low]!
}

export function union(sets: readonly CharacterSet[]): CharacterSet {
  const pairs = sets.flatMap(set => pairsOf(set)).sort((a, b) => a[0] - b[0])
  const merged: number[] = []
  for (const [first, last] of pairs) {
    const end = merged.length - 1
    if (end > 0 && first <= merged[end]! + 1) merged[end] = Math.max(merged[end]!, last)
    else merged.push(first, last)
  }
  return merged
}

export function complement(set: CharacterSet): CharacterSet {
  const rest: number[] = []
  let next = 0
  for (const [first, last] of pairsOf(set)) {
    if (first > next) rest.push(next, first - 1)
    next = last + 1
  }
  if (next <= CODE_MAX) rest.push(next, CODE_MAX)
  return rest
}

/** The set and, of the letters of ASCII in it, the other case. Bytes above fold in PCRE's UTF mode only. */
export function inBothCases(set: CharacterSet): CharacterSet {
  return union([set, ...moved(set, between('AZ'), CASE_DISTANCE), ...moved(set, between('az'), -CASE_DISTANCE)])
}

function moved(set: CharacterSet, letters: CharacterSet, distance: number): CharacterSet[] {
  const [least = 0, most = 0] = letters
  return pairsOf(set)
    .map(([first, last]) => [Math.max(first, least), Math.min(last, most)] as const)
    .filter(([first, last]) => first <= last)
    .map(([first, last]) => [first + distance, last + distance])
}

function pairsOf(set: CharacterSet): [first: number, last: number][] {
  const pairs: [number, number][] = []
  for (let at = 0; at < set.length; at += 2) pairs.push([set[at]!, set[at + 1]!])
  return pairs
}

/** The range from the first of two characters to the second. */
function between(ends: string): CharacterSet {
  return [ends.charCodeAt(0), ends.charCodeAt(1)]
}

/** A capital letter is everything but what the small one is. */
function withComplements(sets: { readonly [letter: string]: CharacterSet }): {
  readonly [letter: string]: CharacterSet
} {
  const capitals = Object.entries(sets).map(([letter, set]) => [letter.toUpperCase(), complement(set)])
  return { ...sets, ...Object.fromEntries(capitals) }
}
