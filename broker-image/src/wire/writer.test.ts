/** The writer writes what the reader reads. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, shortText } from '../../test/arbitraries.ts'
import { ConnectionError } from './errors.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** One write, and how to read it back. */
type Step = { write: (writer: Writer) => void; read: (reader: Reader) => unknown; value: unknown }

const step = fc.oneof(
  fc.nat(255).map((value): Step => ({ value, write: w => w.octet(value), read: r => r.octet() })),
  fc.nat(0xffff).map((value): Step => ({ value, write: w => w.short(value), read: r => r.short() })),
  fc.nat(0xffff_ffff).map((value): Step => ({ value, write: w => w.long(value), read: r => r.long() })),
  fc.maxSafeNat().map((value): Step => ({ value, write: w => w.longlong(value), read: r => r.longlong() })),
  fc.double().map((value): Step => ({ value, write: w => w.double(value), read: r => r.double() })),
  fc.boolean().map((value): Step => ({ value, write: w => w.bit(value), read: r => r.bit() })),
  shortText.map((value): Step => ({ value, write: w => w.shortstr(value), read: r => r.shortstr() })),
  bytes.map((value): Step => ({ value, write: w => w.longstr(value), read: r => r.longstr() })),
)

test('any sequence of values is read back, however often the buffer had to grow', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), fc.nat(8), (steps, capacity) => {
      const writer = new Writer(capacity)
      for (const { write } of steps) write(writer)
      const reader = new Reader(writer.bytes(), 0, writer.size)
      for (const { read, value } of steps) expect(read(reader)).toEqual(value)
      expect(reader.remaining).toBe(0)
    }),
  )
})

test('a short string of 255 bytes is written, one of 256 is a syntax error', () => {
  const writer = new Writer()
  writer.shortstr('x'.repeat(255))
  expect(writer.size).toBe(256)
  expect(() => writer.shortstr('é'.repeat(128))).toThrow(ConnectionError)
})

test('what is sized has its length before it', () => {
  const writer = new Writer(1)
  writer.sized(() => writer.longstr('ab'))
  expect([...writer.bytes()]).toEqual([0, 0, 0, 6, 0, 0, 0, 2, 0x61, 0x62])
})
