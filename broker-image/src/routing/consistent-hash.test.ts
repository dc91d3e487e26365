/** The consistent hash exchange shares messages by weight, and moves no more of them than it must. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messageOf } from '../../test/routed-message.ts'
import { ChannelError } from '../wire/errors.ts'
import type { FieldTable } from '../wire/field-table.ts'
import { ConsistentHashExchange } from './consistent-hash.ts'

const MESSAGES = 10_000

type Weights = { readonly [destination: string]: number }

function exchangeOf(weights: Weights, args: FieldTable = {}): ConsistentHashExchange<string> {
  const exchange = new ConsistentHashExchange<string>({ arguments: args, identify: name => name, randomBelow: () => 0 })
  for (const [name, weight] of Object.entries(weights)) exchange.bind(name, String(weight), {})
  return exchange
}

function destinationOf(exchange: ConsistentHashExchange<string>, message = messageOf('')): string {
  const found = new Set<string>()
  exchange.route(message, found)
  expect(found.size).toBe(1)
  return [...found][0]!
}

/** Where messages with the keys 0, 1, 2, … go. */
const routesOf = (exchange: ConsistentHashExchange<string>, count = MESSAGES): string[] =>
  Array.from({ length: count }, (_, key) => destinationOf(exchange, messageOf(String(key))))

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 8 })
const weightsOf = fc
  .tuple(names, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 8, maxLength: 8 }))
  .map(([list, weights]): Weights => Object.fromEntries(list.map((name, index) => [`q${name}`, weights[index]!])))

test('each destination gets a share of the messages by its weight', () => {
  fc.assert(
    fc.property(weightsOf, weights => {
      const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
      const routes = routesOf(exchangeOf(weights))
      for (const [name, weight] of Object.entries(weights)) {
        const share = weight / total
        const sixSigma = 6 * Math.sqrt(MESSAGES * share * (1 - share))
        const got = routes.filter(route => route === name).length
        expect(Math.abs(got - MESSAGES * share)).toBeLessThan(sixSigma)
      }
    }),
    { numRuns: 20 },
  )
})

test('a destination that goes moves its own messages and no others, and one that comes takes only what it gets', () => {
  fc.assert(
    fc.property(weightsOf, fc.nat(), (weights, choice) => {
      const all = Object.keys(weights)
      const gone = all[choice % all.length]!
      const exchange = exchangeOf(weights)
      const before = routesOf(exchange, 200)
      exchange.unbind(gone, String(weights[gone]), {})
      const after = routesOf(exchange, 200)
      for (const [key, route] of before.entries()) if (route !== gone) expect(after[key]).toBe(route)
      exchange.bind(gone, String(weights[gone]), {})
      expect(routesOf(exchange, 200)).toEqual(before)
    }),
  )
})

test('more weight takes messages to a destination, and none away from it', () => {
  const light = routesOf(exchangeOf({ a: 1, b: 1, c: 3 }))
  const heavy = routesOf(exchangeOf({ a: 1, b: 2, c: 3 }))
  for (const [key, route] of light.entries()) expect([route, 'b']).toContain(heavy[key])
})

test('only the bindings decide, whatever came and went before them', () => {
  const step = fc.record({
    add: fc.boolean(),
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    weight: fc.constantFrom(1, 2),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), steps => {
      const exchange = exchangeOf({ a: 1 })
      const bound = new Set(['a 1'])
      for (const { add, name, weight } of steps) {
        if (add) exchange.bind(name, String(weight), {})
        else exchange.unbind(name, String(weight), {})
        if (add) bound.add(`${name} ${weight}`)
        else bound.delete(`${name} ${weight}`)
      }
      fc.pre(bound.size > 0)
      const fresh = exchangeOf({})
      for (const binding of [...bound].sort()) fresh.bind(binding[0]!, binding.slice(2), {})
      expect(routesOf(exchange, 100)).toEqual(routesOf(fresh, 100))
    }),
  )
})

test('the routes of these bindings are the same in every version', () => {
  expect(routesOf(exchangeOf({ a: 1, b: 1, c: 1 }), 12).join('')).toMatchInlineSnapshot(`"baacbacabbaa"`)
  expect(routesOf(exchangeOf({ a: 1, b: 2, c: 3 }), 12).join('')).toMatchInlineSnapshot(`"bcacbccbbbac"`)
})

test('two bindings of a destination add their weights', () => {
  const exchange = exchangeOf({ a: 1, b: 3 })
  exchange.bind('a', '2', {})
  expect(routesOf(exchange, 200)).toEqual(routesOf(exchangeOf({ a: 3, b: 3 }), 200))
})

test('a header or a property is hashed where the arguments name one, and its absence is a value too', () => {
  const weights = { a: 1, b: 1, c: 1, d: 1 }
  const messages = Array.from({ length: 200 }, (_, n) => ({
    routingKeys: ['same'],
    properties: { headers: { h: n }, correlationId: `${n}`, messageId: `${n}`, timestamp: n },
  }))
  const hashed = [
    { 'hash-header': 'h' },
    { 'hash-property': 'correlation_id' },
    { 'hash-property': 'message_id' },
    { 'hash-property': 'timestamp' },
  ]
  for (const args of hashed) {
    const exchange = exchangeOf(weights, args)
    expect(exchange.needsMessage).toBe(true)
    expect(new Set(messages.map(message => destinationOf(exchange, message))).size).toBe(4)
    expect(new Set([1, 2, 3, 4, 5].map(key => destinationOf(exchange, messageOf(`${key}`, {})))).size).toBe(1)
  }
  const plain = exchangeOf(weights)
  expect(plain.needsMessage).toBe(false)
  expect(new Set(messages.map(message => destinationOf(plain, message))).size).toBe(1)
})

test('only the own routing key counts, and not those of CC', () => {
  const exchange = exchangeOf({ a: 1, b: 1, c: 1 })
  for (let key = 0; key < 50; key++) {
    const own = destinationOf(exchange, messageOf(`${key}`))
    expect(destinationOf(exchange, { routingKeys: [`${key}`, 'other'], properties: {} })).toBe(own)
  }
})

test.each([
  ['', 'The binding key must be an integer: <<>>'],
  ['x', 'The binding key must be an integer: <<"x">>'],
  ['1.5', 'The binding key must be an integer: <<"1.5">>'],
  ['0', 'The binding key must be greater than 0'],
  ['-1', 'The binding key must be greater than 0'],
])('the weight %j is refused', (key, text) => {
  expect(() => exchangeOf({}).validateBinding({}, key)).toThrow(text)
})

test.each<[FieldTable, string]>([
  [{ 'hash-property': 'app_id' }, 'Unsupported property: app_id'],
  [{ 'hash-property': 'constructor' }, 'Unsupported property: constructor'],
  [{ 'hash-header': 'h', 'hash-property': 'message_id' }, 'hash-header and hash-property are mutually exclusive'],
  [{ 'hash-header': 5 }, 'hash-header must be a string'],
])('the arguments %j are refused', (args, text) => {
  expect(() => exchangeOf({}, args)).toThrow(ChannelError)
  expect(() => exchangeOf({}, args)).toThrow(text)
})
