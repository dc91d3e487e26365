/** The direct exchange compares whole keys. */

import { expect, test } from 'vitest'
import { messageOf } from '../../test/routed-message.ts'
import { DirectExchange } from './direct.ts'

test('a message goes to every queue bound with its very key, and to no other', () => {
  const exchange = new DirectExchange<string>()
  exchange.bind('a', 'red', {})
  exchange.bind('b', 'red', {})
  exchange.bind('c', 'RED', {})
  exchange.bind('d', '#', {})
  exchange.bind('e', '', {})
  const found = new Set<string>()
  exchange.route(messageOf('red'), found)
  expect([...found]).toEqual(['a', 'b'])
})

test('arguments do not matter to a direct exchange', () => {
  expect(() => new DirectExchange().validateBinding()).not.toThrow()
})
