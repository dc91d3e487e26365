/** The header `x-delay`, in all the forms in which clients send it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FieldValue } from '../../wire/field-table.ts'
import { delayedHeaders, delayOf } from './delay.ts'

test.each<[FieldValue, number]>([
  [5, 5],
  [0, 0],
  [-5, -5],
  [1.9, 1],
  ['250', 250],
  ['+250', 250],
  ['-1', -1],
  ['', 0],
  ['5s', 0],
  [true, 0],
  [null, 0],
  [[5], 0],
  [{ '!': 'double', value: 7 }, 7],
  [{ '!': 'double', value: 'NaN' }, 0],
  [{ '!': 'double', value: 'Infinity' }, 2 ** 48],
  [{ '!': 'decimal', scale: 2, value: 1_299 }, 12],
  [{ '!': 'int64', value: '9223372036854775807' }, 2 ** 48],
  [{ '!': 'bytes', base64: 'NQ==' }, 0],
  [315_360_000_000, 315_360_000_000],
])('x-delay %j waits %d ms', (value, ms) => {
  expect(delayOf({ 'x-delay': value })).toBe(ms)
})

test('a message without the header, or without headers, does not wait', () => {
  expect(delayOf(undefined)).toBe(0)
  expect(delayOf({})).toBe(0)
  expect(delayOf({ 'X-Delay': 5 })).toBe(0)
})

test('a message that waited says so, keeps its other headers, and won’t wait again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 52 }), fc.integer(), (delay, other) => {
      const headers = delayedHeaders({ before: other, 'x-delay': delay, after: 'x' })
      expect(headers).toEqual({ before: other, 'x-delay': -Math.min(delay, 2 ** 48), after: 'x' })
      expect(Object.keys(headers)).toEqual(['before', 'x-delay', 'after'])
      expect(delayOf(headers)).toBeLessThan(0)
    }),
  )
})
