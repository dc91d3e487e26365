/** What patterns match, beside V8's own regular expressions and as PCRE says, and that none takes long. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PATTERN_CHARACTERS_MAX, PATTERN_DEPTH_MAX, PATTERN_INSTRUCTIONS_MAX, PATTERN_STEPS_MAX } from '../limits.ts'
import { complement, has, union } from './character-set.ts'
import { Matcher } from './matcher.ts'
import { parsePattern } from './parser.ts'
import { compilePattern, compileStoredPattern, patternProblem } from './pattern.ts'
import { compileSyntax } from './program.ts'

/** One that gives up within others counts a step in each of them. */
const STEPS_BOUND = PATTERN_STEPS_MAX + PATTERN_DEPTH_MAX

const matches = (pattern: string, text: string): boolean => compilePattern(pattern).test(text)

const character = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\.', '[a-b.]', '\\d')
const place = fc.constantFrom('^', '$', '\\b', '\\B')
const times = fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{1,}', '{0,2}', '{2,3}?')
const { pattern: anyPattern } = fc.letrec<{ pattern: string; part: string }>(tie => ({
  pattern: fc.oneof(
    { depthSize: 'small' },
    tie('part'),
    fc.array(tie('part'), { maxLength: 4 }).map(parts => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `${one}|${other}`),
  ),
  part: fc.oneof(
    { depthSize: 'small' },
    character,
    place,
    fc.tuple(character, times).map(parts => parts.join('')),
    fc.tuple(tie('pattern'), times).map(([of, count]) => `(${of})${count}`),
    fc.tuple(fc.constantFrom('?:', '?=', '?!'), tie('pattern')).map(([kind, of]) => `(${kind}${of})`),
    character.map(of => `(?<=${of})`),
    character.map(of => `(?<!a${of})`),
    character.map(of => `(${of})\\1`),
  ),
}))
const anyText = fc.array(fc.constantFrom('a', 'b', 'c', '.'), { maxLength: 8 }).map(all => all.join(''))

test('any pattern matches what it matches in V8', () => {
  fc.assert(
    fc.property(anyPattern, fc.array(anyText, { minLength: 1, maxLength: 5 }), (text, names) => {
      fc.pre(!isRenumbered(text))
      const own = compilePattern(text)
      const native = new RegExp(text)
      for (const name of names) expect([name, own.test(name)]).toEqual([name, native.test(name)])
    }),
    { numRuns: 3_000 },
  )
})

/** A `\1` of another group than the first may name one that took nothing: for V8 that is nothing, PCRE fails there. */
function isRenumbered(text: string): boolean {
  return text.includes('\\1') && !(/^\([^(]*\)\\1/.test(text) && text.split('\\1').length === 2)
}

test.each([
  ['^amq\\.', 'amq.direct', true],
  ['^(?!amq\\.).*', 'amq.direct', false],
  ['^(?!amq\\.).*', 'orders', true],
  ['(?i)ORDERS', 'my.orders', true],
  ['^o(?i:RD)ers$', 'orders', true],
  ['^o(?i:RD)ers$', 'ordeRs', false],
  ['^(?:(?i)a)b$', 'Ab', true],
  ['^(?:(?i)a)b$', 'AB', false],
  ['(?-i)A', 'a', false],
  ['(?i)[^a]', 'A', false],
  ['(?i)[x-z]', 'Y', true],
  ['^a.c$', 'a\nc', false],
  ['(?s)^a.c$', 'a\nc', true],
  ['^b$', 'a\nb\nc', false],
  ['(?m)^b$', 'a\nb\nc', true],
  ['^a$', 'a\n', true],
  ['^a\\z', 'a\n', false],
  ['\\Aa\\Z', 'a\n', true],
  ['(?x) a  b # and no more', 'ab', true],
  ['^[[:alpha:]_]+$', 'a_B', true],
  ['^[[:^alpha:]]+$', '12', true],
  ['(?i)[[:^upper:]]', 'aB', false],
  ['(?i)^[[:lower:]]+$', 'aB', true],
  ['^[]a]+$', ']a', true],
  ['^[^]a]+$', 'b', true],
  ['^[a\\]-]+$', 'a-]', true],
  ['^[\\w-]+$', 'a-b', true],
  ['^[\\d-x]+$', '1-x', true],
  ['^\\h\\x41\\x{42}\\103\\cA$', '\tABC\u0001', true],
  ['^\\Qa.b\\E+$', 'a.bb', true],
  ['^\\Qa.b\\E$', 'axb', false],
  ['^a{,2}$', 'a{,2}', true],
  ['^a{1$', 'a{1', true],
  ['^(a)(b)?\\2$', 'a', false],
  ['^(?<one>a|b)\\k<one>$', 'bb', true],
  ["^(?P<one>a|b)(?P=one)\\g{one}\\g{-1}\\k'one'$", 'aaaaa', true],
  ['^(?i)(a)\\1$', 'aA', true],
  ['^(a|b)*\\1$', 'abb', true],
  ['^(a|b)*\\1$', 'aba', false],
  ['^(a|)*\\1b$', 'aab', true],
  ['^(?=(a+))a*b\\1', 'baaabac', false],
  ['(?=(a+))a*b\\1', 'baaabac', true],
  ['^(?>a+)a', 'aaa', false],
  ['^a++b', 'aab', true],
  ['^a*+a', 'aa', false],
  ['(?<=ab|c)d', 'cd', true],
  ['(?<=ab|c)d', 'xd', false],
  ['(?<!ab)d', 'abd', false],
  ['^a(?#a word)+$', 'aa', true],
  ['^a+(?#lazy)?$', 'aa', true],
  ['(?x)^a+ + a', 'aa', false],
  ['(?x)^a{2} +', 'aaa', true],
  ['^\\8$', '8', true],
  ['^(?:(?i))*a$', 'a', true],
  ['a?#b', '#b', true],
  ['', 'anything', true],
  ['^$', '', true],
  ['^(?:(?!b))+?a', 'a', true],
  ['(a|)*?b', 'xb', true],
  ['(a|)*?b\\1', 'xb', true],
  ['(a|){3,}?b', 'xb', true],
  // a turn that takes nothing is the last one, and comes first here
  ['^(|a)*+a', 'a', true],
  ['^(?>(?:|a)*)a', 'a', true],
  ['^(?>(?:a|)*)a', 'a', false],
  ['^(?>(?:|a)*b)', 'ab', true],
] as const)('%j over %j: %s', (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected)
})

test.each([
  '(',
  ')',
  '*',
  'a|*',
  '[',
  '[b-a]',
  'a{2,1}',
  '{2}',
  '(?',
  '(?<a',
  '\\',
  '(a)\\2',
  '(?<=a+)b',
  '[[:no:]]',
  '^*',
  '\\b+',
  '(?i)*',
  '(?<a>a)(?<a>b)',
  '(?<2>a)(b)\\2',
  '(a)\\g{0x1}',
  '(?<a>a)\\k{1}',
  '\\g',
  '\\k<',
  '\\x{zz}',
  '[[:ALPHA:]]',
  '[[.a.]]',
])('%j is no pattern', text => {
  expect(patternProblem(text)).toBeTypeOf('string')
  expect(() => compilePattern(text)).toThrow(SyntaxError)
  expect(compileStoredPattern(text).test('a')).toBe(false)
})

test.each(['(?R)', '(?1)', '(?(1)a|b)', '(?|a)', '(*FAIL)', '\\p{L}', '\\R', '\\K', '(?U)a'])('%j is refused', text => {
  expect(() => compilePattern(text)).toThrow('not supported')
})

test('any text is a pattern or none, and ends soon over any name', () => {
  const piece = fc.constantFrom(
    ...'()[]{}*+?|^$.-:=!<>,#12ab \n',
    '\\',
    '(?',
    '[:',
    ':]',
    '\\Q',
    '\\E',
    '\\k',
    '\\g{',
    '(?<a>',
  )
  const anyPiece = fc.oneof({ weight: 9, arbitrary: piece }, { weight: 1, arbitrary: fc.string({ maxLength: 2 }) })
  const text = fc.array(anyPiece, { maxLength: 12 }).map(all => all.join(''))
  fc.assert(
    fc.property(text, fc.string({ maxLength: 30 }), (pattern, name) => {
      if (patternProblem(pattern) !== undefined) return
      const compiled = compilePattern(pattern)
      compiled.test(name)
      expect(compiled.steps).toBeLessThanOrEqual(STEPS_BOUND)
    }),
    { numRuns: 3_000 },
  )
})

test('a set has the characters of its ranges, however many there are', () => {
  const code = fc.oneof(fc.nat(40), fc.nat(0xffff))
  const ranges = fc.array(
    fc.tuple(code, code).map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const),
  )
  fc.assert(
    fc.property(ranges, fc.array(code), (pairs, codes) => {
      const set = union(pairs)
      for (const each of codes) {
        expect(has(set, each)).toBe(pairs.some(([first, last]) => first <= each && each <= last))
        expect(has(complement(set), each)).toBe(!has(set, each))
      }
    }),
  )
})

describe('no pattern is without an end:', () => {
  const long = ['a'.repeat(255), 'ab'.repeat(127), 'x'.repeat(254), 'a'.repeat(255_000)]

  test.each([
    '^(a*)*!',
    '(?i)^(a+)+$x',
    '^(?!(a+)+b)(a|aa)+$x',
    '(a|a)*!',
    '(.*)*(.*)*(.*)*y',
    '.*.*.*.*.*.*.*.*.*=',
    '(?:(?=.*.*.*y).)*y',
    '(?=(?=(?=.*y)*)*)*y',
    '(?>(a+)+)+!',
    '((a{1,9}){1,9}){1,9}y',
    '(?<=(a|b)(a|b)(a|b)(a|b)(a|b))y',
    // with references, what was tried before tells nothing
    '(a*)*\\1y',
    '(.*)(.*)(.*)(.*)\\1\\2\\3\\4y',
    '((?=(a+))\\2)+y',
    `${'(a)?'.repeat(100)}${'\\1'.repeat(100)}y`,
  ])('%j is soon decided', pattern => {
    const matcher = new Matcher(compileSyntax(parsePattern(pattern)))
    for (const name of long) {
      expect(matcher.test(name)).toBe(false)
      expect(matcher.steps).toBeLessThanOrEqual(STEPS_BOUND)
    }
  })

  test('one without references takes steps by the length of the name', () => {
    const matcher = new Matcher(compileSyntax(parsePattern('(?i)^(?!(x+)+y)(a*)*(a|aa)*b')))
    const stepsFor = (length: number): number => {
      expect(matcher.test('a'.repeat(length))).toBe(false)
      return matcher.steps
    }
    expect(stepsFor(2_000)).toBeLessThan(2.5 * stepsFor(1_000))
  })

  test.each([
    ['(((a{100}){100}){100}){100}', 'too large'],
    ['((){65535}){65535}', 'too large'],
    ['((?=){65535}){65535}', 'too large'],
    ['a'.repeat(PATTERN_INSTRUCTIONS_MAX + 1), 'too large'],
    [`[${'a'.repeat(PATTERN_CHARACTERS_MAX)}]`, 'too large'],
    ['('.repeat(PATTERN_DEPTH_MAX + 1), 'nested too deep'],
    ['a{65536}', 'too big'],
  ])('%.30j is refused', (pattern, problem) => {
    expect(() => compilePattern(pattern)).toThrow(problem)
  })

  test('the largest that are taken work', () => {
    expect(matches('a'.repeat(PATTERN_INSTRUCTIONS_MAX - 2), 'a'.repeat(PATTERN_INSTRUCTIONS_MAX))).toBe(true)
    expect(matches(`${'('.repeat(PATTERN_DEPTH_MAX - 1)}a${')'.repeat(PATTERN_DEPTH_MAX - 1)}`, 'a')).toBe(true)
    expect(matches(`^(${Array.from({ length: 500 }, (_, at) => `queue.${at}`).join('|')})$`, 'queue.499')).toBe(true)
    const oneOfMany = `(${Array.from({ length: 500 }, (_, at) => `queue.${at}`).join('|')})$`
    expect(matches(oneOfMany, `${'a'.repeat(246)}queue.499`)).toBe(true)
  })
})
