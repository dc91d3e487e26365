/** Errors carry codes and texts that fit the wire. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shortText } from '../../test/arbitraries.ts'
import { ChannelError, ConnectionError, replyText } from './errors.ts'

test('errors carry the reply code of their name, and the name in the text', () => {
  const soft = new ChannelError('NOT_FOUND', "no queue 'a' in vhost '/'")
  expect([soft.code, soft.message]).toEqual([404, "NOT_FOUND - no queue 'a' in vhost '/'"])
  expect(new ConnectionError('FRAME_ERROR', 'x').code).toBe(501)
})

test('a short reply text stays as it is', () => {
  fc.assert(
    fc.property(shortText, short => {
      expect(replyText(short)).toBe(short)
    }),
  )
})

test('a long reply text is cut at a whole character and still fits a short string', () => {
  fc.assert(
    fc.property(fc.nat(3), fc.constantFrom('x', 'é', '€', '😀'), (shift, character) => {
      const cut = replyText('-'.repeat(shift) + character.repeat(300))
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(255)
      expect(Buffer.byteLength(cut)).toBeGreaterThan(250)
      expect(cut).toMatch(new RegExp(`^-*(${character})+\\.\\.\\.$`, 'u'))
    }),
  )
})
