/** Times to live as RabbitMQ reads them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TTL_MS_MAX } from '../limits.ts'
import { expirationMs } from './expiration.ts'

test('every number of milliseconds up to ten years is one, with zeros or a plus before it too', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: TTL_MS_MAX }), fc.constantFrom('', '0', '00', '+', '+0'), (ms, before) => {
      expect(expirationMs(`${before}${ms}`)).toBe(ms)
    }),
  )
})

test.each([
  ['', 'no_integer'],
  ['abc', 'no_integer'],
  [' 5', 'no_integer'],
  ['-1', '{value_negative,-1}'],
  ['1.5', '{leftover_string,".5"}'],
  ['100ms', '{leftover_string,"ms"}'],
  ['315360000001', '{value_too_large,315360000001}'],
  ['9'.repeat(30), `{value_too_large,${'9'.repeat(30)}}`],
])('%j is none', (text, problem) => {
  expect(() => expirationMs(text)).toThrow(`PRECONDITION_FAILED - invalid expiration '${text}': ${problem}`)
})
