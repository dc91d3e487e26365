/** The fanout exchange ignores keys when it routes, and only then. */

import { expect, test } from 'vitest'
import { messageOf } from '../../test/routed-message.ts'
import { FanoutExchange } from './fanout.ts'

test('a message goes to everything bound, whatever the keys', () => {
  const exchange = new FanoutExchange<string>()
  exchange.bind('a', 'one', {})
  exchange.bind('b', '', {})
  const found = new Set<string>()
  exchange.route(messageOf('another'), found)
  expect([...found]).toEqual(['a', 'b'])
})

test('bindings of one queue with two keys need two unbinds', () => {
  const exchange = new FanoutExchange<string>()
  exchange.bind('a', 'one', {})
  exchange.bind('a', 'two', {})
  exchange.unbind('a', 'one', {})
  const found = new Set<string>()
  exchange.route(messageOf(''), found)
  expect([...found]).toEqual(['a'])
  exchange.unbind('a', 'two', {})
  found.clear()
  exchange.route(messageOf(''), found)
  expect(found.size).toBe(0)
})
