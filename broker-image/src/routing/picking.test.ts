/** Exchanges that pick one binding: by the hash of the routing keys, or at random. */

import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messageOf } from '../../test/routed-message.ts'
import type { Exchange } from './exchange.ts'
import { modulusHashExchange, randomExchange } from './picking.ts'

const traits = { arguments: {}, identify: (name: string) => name, randomBelow: (count: number) => randomInt(count) }

function routesOf(exchange: Exchange<string>, count: number): string[] {
  return Array.from({ length: count }, (_, key) => {
    const found = new Set<string>()
    exchange.route(messageOf(String(key)), found)
    expect(found.size).toBe(exchange.isEmpty ? 0 : 1)
    return [...found][0] ?? ''
  })
}

/** How often each route is there. */
function counted(routes: string[]): { [name: string]: number } {
  const counts: { [name: string]: number } = {}
  for (const route of routes) counts[route] = (counts[route] ?? 0) + 1
  return counts
}

test('x-modulus-hash: the same keys go to the same binding, whatever the order in which the bindings were made', () => {
  const bindings = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y')), {
    selector: String,
    maxLength: 6,
  })
  const order = fc.array(fc.nat(), { minLength: 6, maxLength: 6 })
  fc.assert(
    fc.property(bindings, order, (list, places) => {
      const [one, other] = [modulusHashExchange(traits), modulusHashExchange(traits)]
      for (const [name, key] of list) one.bind(name, key, {})
      const shuffled = list.map((binding, index) => ({ binding, place: places[index]! }))
      for (const { binding } of shuffled.sort((a, b) => a.place - b.place)) other.bind(binding[0], binding[1], {})
      expect(routesOf(one, 50)).toEqual(routesOf(other, 50))
    }),
  )
})

test.each([
  ['x-modulus-hash', modulusHashExchange],
  ['x-random', randomExchange],
])('%s: every binding gets about the same, and a queue bound twice gets twice as much', (_type, create) => {
  const exchange = create(traits)
  exchange.bind('a', '', {})
  exchange.bind('b', '', {})
  exchange.bind('b', 'other', {})
  const { a, b } = counted(routesOf(exchange, 30_000))
  expect(Math.abs(a! - 10_000)).toBeLessThan(600)
  expect(a! + b!).toBe(30_000)
})

test('x-modulus-hash: the routes of these bindings are the same in every version', () => {
  const exchange = modulusHashExchange(traits)
  for (const name of ['a', 'b', 'c']) exchange.bind(name, '', {})
  expect(routesOf(exchange, 12).join('')).toMatchInlineSnapshot(`"ccabbaaccacc"`)
})

test('x-modulus-hash: the keys of CC are hashed with the own', () => {
  const exchange = modulusHashExchange(traits)
  for (const name of ['a', 'b', 'c', 'd']) exchange.bind(name, '', {})
  const found = new Set<string>()
  for (let key = 0; key < 100; key++) exchange.route({ routingKeys: ['same', `${key}`], properties: {} }, found)
  expect(found.size).toBe(4)
})

test('x-random: which binding a message goes to is what the drawn number says', () => {
  const drawn = [2, 0, 1, 1]
  const counts: number[] = []
  const randomBelow = (count: number): number => {
    counts.push(count)
    return drawn[counts.length - 1]!
  }
  const exchange = randomExchange({ ...traits, randomBelow })
  for (const name of ['a', 'b', 'c']) exchange.bind(name, '', {})
  expect(routesOf(exchange, 4)).toEqual(['c', 'a', 'b', 'b'])
  expect(counts).toEqual([3, 3, 3, 3])
})
