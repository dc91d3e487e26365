/** Integers and copies by hand do what the native ones do. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConnectionError } from './errors.ts'
import { copyBytes, readU16, readU32, readU64, writeU16, writeU32, writeU64 } from './integers.ts'

test('integers are written and read as Buffer has them', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff_ffff), fc.maxSafeNat(), (u16, u32, u64) => {
      const ours = Buffer.alloc(14)
      writeU16(ours, 0, u16)
      writeU32(ours, 2, u32)
      writeU64(ours, 6, u64)
      const theirs = Buffer.alloc(14)
      theirs.writeUInt16BE(u16, 0)
      theirs.writeUInt32BE(u32, 2)
      theirs.writeBigUInt64BE(BigInt(u64), 6)
      expect(ours).toEqual(theirs)
      expect([readU16(ours, 0), readU32(ours, 2), readU64(ours, 6)]).toEqual([u16, u32, u64])
    }),
  )
})

test('an integer of 2^53 is a syntax error, the one below it is read', () => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(2n ** 53n - 1n)
  expect(readU64(buffer, 0)).toBe(Number.MAX_SAFE_INTEGER)
  buffer.writeBigUInt64BE(2n ** 53n)
  expect(() => readU64(buffer, 0)).toThrow(ConnectionError)
})

test('copies equal native copies at every length around the switch from loop to copy', () => {
  const source = Buffer.from(Array.from({ length: 64 }, (_, i) => i + 1))
  for (let size = 0; size <= 40; size++) {
    const target = Buffer.alloc(64)
    copyBytes(target, 3, source, 5, 5 + size)
    const expected = Buffer.alloc(64)
    source.copy(expected, 3, 5, 5 + size)
    expect(target).toEqual(expected)
  }
})
