/** Entries: what is written is what the accessors read. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readU64 } from '../wire/integers.ts'
import {
  ENQUEUE_HEADER_BYTES,
  type EnqueueHeader,
  enqueueBytes,
  entryEnd,
  FLAG_EXPIRY,
  flagsAt,
  hasExpiry,
  keyLengthAt,
  putEnqueueHeader,
  targetBytes,
  targetExpiryAt,
  wireStart,
} from './record.ts'

const expiry = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
const target = fc.record({
  queueId: fc.integer({ min: 1, max: 0xffff_ffff }),
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  expiresAtMs: expiry,
})
const targets = fc.uniqueArray(target, { minLength: 1, maxLength: 20, selector: ({ queueId }) => queueId })

function headerOf(list: { queueId: number; seq: number; expiresAtMs: number }[], flags: number): EnqueueHeader {
  return {
    flags,
    keyLength: 37,
    bodyBytes: 0,
    targetCount: list.length,
    queueIds: Uint32Array.from(list, ({ queueId }) => queueId),
    seqs: Float64Array.from(list, ({ seq }) => seq),
    expiresAtMs: Float64Array.from(list, ({ expiresAtMs }) => expiresAtMs),
  }
}

test('an enqueue entry reads back as it was written, wherever it stands', () => {
  fc.assert(
    fc.property(targets, fc.nat(127), fc.nat(50), fc.nat(300), (list, flags, offset, wireBytes) => {
      const header = headerOf(list, flags)
      const length = enqueueBytes(header, hasExpiry(header), wireBytes)
      const buffer = Buffer.alloc(offset + length, 0xaa)
      const wire = putEnqueueHeader(buffer, offset, header, length)
      expect(wireStart(buffer, offset)).toBe(wire)
      expect(entryEnd(buffer, offset)).toBe(offset + length)
      expect(length - (wire - offset)).toBe(wireBytes)
      expect(keyLengthAt(buffer, offset)).toBe(37)
      expect(flagsAt(buffer, offset) & ~FLAG_EXPIRY).toBe(flags)
      const step = targetBytes(flagsAt(buffer, offset))
      for (const [i, { queueId, seq, expiresAtMs }] of list.entries()) {
        expect(readU64(buffer, offset + ENQUEUE_HEADER_BYTES + i * step + 4)).toBe(seq)
        expect(targetExpiryAt(buffer, offset, queueId)).toBe(expiresAtMs)
      }
    }),
  )
})

test('a queue that the message did not go to has no expiry there', () => {
  const header = headerOf([{ queueId: 5, seq: 9, expiresAtMs: 0 }], 0)
  const buffer = Buffer.alloc(enqueueBytes(header, false, 0))
  putEnqueueHeader(buffer, 0, header, buffer.length)
  expect(targetExpiryAt(buffer, 0, 6)).toBe(0)
})
