/** The topic trie finds what a naive matcher finds. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messageOf } from '../../test/routed-message.ts'
import { TopicExchange } from './topic.ts'

function matches(pattern: string, key: string): boolean {
  const exchange = new TopicExchange<string>()
  exchange.bind('q', pattern, {})
  return routed(exchange, key).size > 0
}

function routed(exchange: TopicExchange<string>, key: string): Set<string> {
  const found = new Set<string>()
  exchange.route(messageOf(key), found)
  return found
}

/** The meaning of patterns, word for word and without regard for time. */
function naive(pattern: readonly string[], key: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return key.length === 0
  if (first === '#') return naive(rest, key) || (key.length > 0 && naive(pattern, key.slice(1)))
  return key.length > 0 && (first === '*' || first === key[0]) && naive(rest, key.slice(1))
}

function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split('.')
}

const key = fc.array(fc.constantFrom('a', 'b', 'ab', '', '*', '#'), { maxLength: 5 }).map(words => words.join('.'))
const pattern = fc
  .array(fc.constantFrom('a', 'b', 'ab', '', '*', '#', '#'), { maxLength: 6 })
  .map(words => words.join('.'))

test('the trie finds what a naive matcher finds, while bindings come and go', () => {
  const step = fc.record({ add: fc.boolean(), queue: fc.constantFrom('p', 'q'), pattern, key })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), steps => {
      const exchange = new TopicExchange<string>()
      const bindings = new Map<string, { queue: string; pattern: string }>()
      for (const { add, queue, pattern, key } of steps) {
        if (add) {
          exchange.bind(queue, pattern, {})
          bindings.set(`${queue} ${pattern}`, { queue, pattern })
        } else {
          // Mostly unbinds something that is bound.
          const target = [...bindings.values()][pattern.length % (bindings.size + 1)] ?? { queue, pattern }
          exchange.unbind(target.queue, target.pattern, {})
          bindings.delete(`${target.queue} ${target.pattern}`)
        }
        const hits = [...bindings.values()].filter(b => naive(wordsOf(b.pattern), wordsOf(key)))
        expect(routed(exchange, key)).toEqual(new Set(hits.map(b => b.queue)))
        expect(exchange.isEmpty).toBe(bindings.size === 0)
      }
    }),
  )
})

const CASES: readonly (readonly [pattern: string, key: string, matched: boolean])[] = [
  ['stock.*.nyse', 'stock.usd.nyse', true],
  ['stock.*.nyse', 'stock.nyse', false],
  ['stock.#', 'stock', true],
  ['stock.#', 'stock.usd.nyse', true],
  ['*.#.*', 'a', false],
  ['*.#.*', 'a.b', true],
  ['#.#', '', true],
  ['#', '', true],
  ['', '', true],
  ['*', '', false],
  ['*', '.', false],
  ['*.*', '.', true],
  ['a.', 'a', false],
  ['a.', 'a.', true],
  ['a*', 'ab', false],
]

test.each(CASES)('pattern "%s" and key "%s": %s', (pattern, key, matched) => {
  expect(matches(pattern, key)).toBe(matched)
})

test('two matching bindings of a queue find it once', () => {
  const exchange = new TopicExchange<string>()
  exchange.bind('q', 'a.#', {})
  exchange.bind('q', '#.b', {})
  expect([...routed(exchange, 'a.b')]).toEqual(['q'])
})

test('the longest pattern of many words is matched against the longest key in bounded work', () => {
  const exchange = new TopicExchange<string>()
  exchange.bind('q', `${'#.a.'.repeat(63)}b`, {})
  expect(routed(exchange, 'a.'.repeat(127)).size).toBe(0)
  expect(routed(exchange, `${'a.'.repeat(126)}b`).size).toBe(1)
})
