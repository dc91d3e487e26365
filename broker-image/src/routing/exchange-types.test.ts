/** What holds for exchanges of every type. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messageOf } from '../../test/routed-message.ts'
import type { FieldTable } from '../wire/field-table.ts'
import type { Exchange } from './exchange.ts'
import { createExchange, exchangeTypes, isExchangeType } from './exchange-types.ts'

const AMQP_TYPES = ['direct', 'fanout', 'headers', 'topic']
/** What is created of these only has the bindings: what they keep is their virtual host's affair. */
const KEEPING_TYPES = ['x-delayed-message', 'x-message-deduplication', 'x-recent-history']
const TYPES = exchangeTypes().map(({ name }) => name)
/** A routing key that is a weight too. */
const KEY = '7'

/** Where an exchange of any type sends the message that matches every binding of these tests. */
function routed(exchange: Exchange<string>): string[] {
  const found = new Set<string>()
  exchange.route(messageOf(KEY, { h: 1 }), found)
  return [...found].sort()
}

function exchangeOf(type: string): Exchange<string> {
  const args = { 'x-delayed-type': 'fanout' }
  return createExchange<string>(type, { arguments: args, identify: name => name, randomBelow: () => 0 })!
}

test('a type that is unknown, or only a property of every object, is no exchange', () => {
  for (const type of ['', 'Direct', 'x-nothing', 'constructor', '__proto__']) {
    expect(isExchangeType(type)).toBe(false)
  }
})

test('an exchange says of which type it is, and only these look at more than the routing key', () => {
  expect(TYPES).toEqual([...AMQP_TYPES, 'x-consistent-hash', 'x-modulus-hash', 'x-random', ...KEEPING_TYPES])
  for (const type of TYPES) {
    expect(exchangeOf(type).type).toBe(KEEPING_TYPES.includes(type) ? 'fanout' : type)
    expect(exchangeOf(type).needsMessage).toBe(['headers', 'x-random'].includes(type))
  }
})

test.each(TYPES)('%s: a binding made twice ends with one unbind', type => {
  const exchange = exchangeOf(type)
  exchange.bind('q', KEY, { a: 1, b: [2] })
  exchange.bind('q', KEY, { b: [2], a: 1 })
  exchange.unbind('q', KEY, { a: 1, b: [2] })
  exchange.bind('q', KEY, { h: 1 })
  expect(routed(exchange)).toEqual(['q'])
  exchange.unbind('q', KEY, { h: 1 })
  expect(routed(exchange)).toEqual([])
})

test.each(TYPES)('%s: unbinding what is not bound has no effect', type => {
  const exchange = exchangeOf(type)
  exchange.unbind('q', KEY, {})
  exchange.bind('q', KEY, {})
  exchange.unbind('p', KEY, {})
  exchange.unbind('q', '7.other', {})
  exchange.unbind('q', KEY, { h: 2 })
  expect(routed(exchange)).toEqual(['q'])
})

test.each(TYPES)('%s: a destination stays exactly while one of its bindings does', type => {
  const args = fc.constantFrom<FieldTable>({}, { h: 1 }, { h: 1, 'x-other': 2 })
  const step = fc.record({ add: fc.boolean(), destination: fc.constantFrom('p', 'q'), args })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), steps => {
      const exchange = exchangeOf(type)
      const model = new Set<string>()
      for (const { add, destination, args } of steps) {
        const binding = `${destination} ${JSON.stringify(args)}`
        if (add) {
          exchange.bind(destination, KEY, args)
          model.add(binding)
        } else {
          exchange.unbind(destination, KEY, args)
          model.delete(binding)
        }
        const expected = new Set([...model].map(known => known[0]!))
        if (AMQP_TYPES.includes(type)) expect(routed(exchange)).toEqual([...expected].sort())
        else expect(routed(exchange).filter(name => !expected.has(name))).toEqual([])
        expect(routed(exchange).length > 0).toBe(expected.size > 0)
        expect(exchange.isEmpty).toBe(model.size === 0)
      }
    }),
  )
})
