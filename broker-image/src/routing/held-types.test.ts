/** Arguments of exchanges that keep messages: what is taken, what is refused, and what they come to. */
import { describe, expect, test } from 'vitest'
import type { FieldTable } from '../wire/field-table.ts'
import { validateExchangeArguments } from './exchange-types.ts'
import { cacheSettings, delayedType, historyLength } from './held-types.ts'

describe('taken', () => {
  test.each<[string, FieldTable]>([
    ['x-delayed-message', { 'x-delayed-type': 'topic' }],
    ['x-delayed-message', { 'x-delayed-type': 'x-message-deduplication', 'x-cache-size': 1 }],
    ['x-message-deduplication', { 'x-cache-size': 1, 'x-cache-ttl': '500', 'x-cache-persistence': 'memory' }],
    ['x-recent-history', {}],
    ['x-recent-history', { 'x-recent-history-length': 1 }],
    ['direct', { 'x-message-deduplication': true }],
    ['direct', { 'x-message-deduplication': false, 'x-deduplication-header': 'id' }],
    ['direct', { 'x-cache-size': 'not looked at' }],
  ])('%s with %j', (type, args) => {
    expect(() => validateExchangeArguments(type, args)).not.toThrow()
  })
})

describe('refused', () => {
  test.each<[string, FieldTable, string]>([
    ['x-delayed-message', {}, 'PRECONDITION_FAILED'],
    ['x-delayed-message', { 'x-delayed-type': 'x-delayed-message' }, 'PRECONDITION_FAILED'],
    ['x-delayed-message', { 'x-delayed-type': 'odd' }, 'COMMAND_INVALID'],
    [
      'x-delayed-message',
      { 'x-delayed-type': 'x-recent-history', 'x-recent-history-length': 0 },
      'PRECONDITION_FAILED',
    ],
    ['x-message-deduplication', {}, 'PRECONDITION_FAILED'],
    ['x-message-deduplication', { 'x-cache-size': 1.5 }, 'PRECONDITION_FAILED'],
    ['x-message-deduplication', { 'x-cache-size': '1e3' }, 'PRECONDITION_FAILED'],
    ['x-message-deduplication', { 'x-cache-size': 1, 'x-deduplication-header': 5 }, 'PRECONDITION_FAILED'],
    ['x-recent-history', { 'x-recent-history-length': null }, 'PRECONDITION_FAILED'],
    ['topic', { 'x-message-deduplication': 1 }, 'PRECONDITION_FAILED'],
    ['topic', { 'x-message-deduplication': true, 'x-cache-ttl': 0 }, 'PRECONDITION_FAILED'],
  ])('%s with %j', (type, args, code) => {
    expect(() => validateExchangeArguments(type, args)).toThrow(code)
  })
})

test('what is not said has a default', () => {
  expect(delayedType({ 'x-delayed-type': 'fanout' })).toBe('fanout')
  expect(historyLength({})).toBe(20)
  expect(cacheSettings({})).toEqual({
    header: 'x-deduplication-header',
    size: 65_536,
    ttlMs: Number.POSITIVE_INFINITY,
    isKept: true,
  })
  expect(cacheSettings({ 'x-cache-size': '7', 'x-cache-ttl': 9, 'x-cache-persistence': 'memory' })).toMatchObject({
    size: 7,
    ttlMs: 9,
    isKept: false,
  })
})
