/** Patterns mean what they mean to Erlang's PCRE, by which RabbitMQ matches them. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { installRabbit } from '../../../bench/rabbitmq.ts'
import { compilePattern } from '../../src/pattern/pattern.ts'
import { temporaryFolder } from '../interop/broker-process.ts'

const CASES = 20_000
/** The answer for what PCRE knows, such as conditions, and we do not. */
const REFUSED = '?'
const SEED = Number(process.env['SEED'] ?? 1)

beforeAll(() => installRabbit(), 60_000)

const atom = fc.constantFrom(
  ...[
    'a',
    'b',
    '.',
    '\\.',
    '[ab]',
    '[^a]',
    '[]a]',
    '[^]b]',
    '[a\\-]',
    '[\\w-.]',
    '[a-]',
    '[[:alpha:]]',
    '[[:^digit:]]',
    '[[:^upper:]]',
    '[[:ALPHA:]]',
    '[[.a.]]',
    '[[:a]',
  ],
  ...[
    '\\w',
    '\\W',
    '\\d',
    '\\s',
    '\\h',
    '\\x61',
    '\\x{zz}',
    '\\8',
    '\\g',
    '\\k',
    '(?#c)',
    '\\101',
    '\\Qa.\\E',
    '\n',
    '\\n',
    '\\j',
    '\\_',
    '\\-',
    '\\0',
    ' ',
    '#',
  ],
  ...[
    '(a)',
    '(b|a)',
    '(a|)',
    '(|a)',
    '(?:|b)',
    '(?i:A)',
    '(?:(?i)a|B)',
    '(?i)',
    '(?:(?i))',
    '(?-i)',
    '(?m)',
    '(?s)',
    '(?x)',
    '(?<n>a)',
    '(?P<m>b)',
  ],
  ...['(?=a)', '(?!b)', '(?<=a)', '(?<!ab|b)', '(?>a|ab)', '^', '$', '\\A', '\\z', '\\Z', '\\b', '\\B', '|', '|'],
  ...['\\1', '\\2', '\\g1', '\\g{-1}', '(', ')', '[', '{', '}', ']', '{,2}'],
)
const count = fc.constantFrom(
  '',
  '',
  '',
  ...['*', '+', '?', '*?', '+?', '*+', '++', '?+', '{2}', '{1,}', '{0,2}', '{1,2}?'],
)
/** PCRE takes such a group for one that is there, and what stands before it for possessive: `a?(b)?+^` is not in `ab`. */
const MISREAD = /\)[*?](?:\s|\(\?#c\))*\+/
const pattern = fc
  .array(fc.tuple(atom, count), { maxLength: 5 })
  .map(parts => parts.flat().join(''))
  .filter(text => !MISREAD.test(text))
const name = fc
  .array(fc.constantFrom('a', 'b', 'A', 'B', '.', '-', '1', ' ', '\n', '_', ']', '#'), { maxLength: 6 })
  .map(characters => characters.join(''))

test('any pattern that is supported matches what it matches in RabbitMQ, or is none in both', () => {
  const cases = fc.sample(fc.tuple(pattern, name), { numRuns: CASES, seed: SEED })
  const answers = askErlang(cases)
  const others = cases.filter(([text, subject], index) => ![answers[index], REFUSED].includes(ask(text, subject)))
  expect(others).toEqual([])
})

/** `y`, `n`, `-` for no pattern, or `REFUSED`. */
function ask(text: string, subject: string): string {
  try {
    return compilePattern(text).test(subject) ? 'y' : 'n'
  } catch (error) {
    return (error as SyntaxError).message.includes('not supported') ? REFUSED : '-'
  }
}

/** One letter a case, as `ask` gives it. */
function askErlang(cases: readonly [string, string][]): string {
  const folder = temporaryFolder()
  const file = path.join(folder.path, 'cases')
  const binary = (text: string): string => `<<${[...Buffer.from(text)].join(',')}>>`
  writeFileSync(file, cases.map(([text, subject]) => `{${binary(text)},${binary(subject)}}.\n`).join(''))
  const program = `
    {ok, Cases} = file:consult("${file}"),
    Ask = fun({Pattern, Subject}) ->
      try re:run(Subject, Pattern, [{capture, none}]) of match -> $y; nomatch -> $n catch error:badarg -> $- end
    end,
    io:put_chars(lists:map(Ask, Cases)), halt().`
  try {
    return execFileSync('erl', ['-noshell', '-eval', program]).toString()
  } finally {
    folder.remove()
  }
}
