/** Copies by words are copies. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Copier, viewed } from './copier.ts'

test('copies the same bytes as Buffer.copy, at any offset and length, and touches no others', () => {
  const copier = new Copier()
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 400 }).map(array => Buffer.from(array))
  fc.assert(
    fc.property(bytes, fc.nat(60), fc.nat(60), (source, skip, at) => {
      const start = Math.min(skip, source.length)
      const target = viewed(Buffer.alloc(600, 0xaa))
      const expected = Buffer.alloc(600, 0xaa)
      copier.copy(target, at, source, start, source.length)
      source.copy(expected, at, start)
      expect(target.bytes.equals(expected)).toBe(true)
    }),
  )
})
