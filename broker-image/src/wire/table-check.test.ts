/** The walk over a field table against its decoder. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fieldTable } from '../../test/arbitraries.ts'
import { isAccepted } from '../../test/refusal.ts'
import { decodeTable, encodeTable, type FieldTable } from './field-table.ts'
import { Reader } from './reader.ts'
import { checkTable } from './table-check.ts'
import { Writer } from './writer.ts'

function encoded(table: FieldTable): Buffer {
  const writer = new Writer()
  encodeTable(writer, table)
  return Buffer.from(writer.bytes())
}

function agree(bytes: Buffer): void {
  const reader = new Reader(bytes, 0, bytes.length)
  const isGood = isAccepted(() => decodeTable(reader))
  expect(isAccepted(() => checkTable(bytes, 0, bytes.length))).toBe(isGood)
  if (isGood) expect(checkTable(bytes, 0, bytes.length)).toBe(bytes.length - reader.remaining)
}

test('ends where the table ends', () => {
  fc.assert(
    fc.property(fieldTable, table => {
      const bytes = encoded(table)
      expect(checkTable(Buffer.concat([bytes, Buffer.from('more')]), 0, bytes.length + 4)).toBe(bytes.length)
    }),
  )
})

test('takes what the decoder takes, and nothing else', () => {
  const damage = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }), cut: fc.nat({ max: 3 }) })
  fc.assert(
    fc.property(fieldTable, fc.array(damage, { maxLength: 3 }), (table, damages) => {
      let bytes = encoded(table)
      for (const { at, to, cut } of damages) {
        bytes[at % bytes.length] = to
        bytes = bytes.subarray(0, Math.max(1, bytes.length - cut))
      }
      agree(bytes)
    }),
    { numRuns: 1_000 },
  )
})

test.each([...'tbBsuIilLfdDSATFVx?'])('knows the type %s as the decoder does', type => {
  const value = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]
  for (let size = 0; size <= value.length; size++) {
    const body = [1, 0x6b, type.charCodeAt(0), ...value.slice(0, size)]
    agree(Buffer.from([0, 0, 0, body.length, ...body]))
  }
})

test('refuses what is nested too deeply', () => {
  const nested = (depth: number): Buffer =>
    depth === 0
      ? Buffer.alloc(4)
      : Buffer.concat([sized(nested(depth - 1).length + 2), Buffer.from('\0F'), nested(depth - 1)])
  const sized = (bytes: number): Buffer => Buffer.from([0, 0, bytes >> 8, bytes & 0xff])
  const [shallow, deep] = [nested(10), nested(13)]
  expect(checkTable(shallow, 0, shallow.length)).toBe(shallow.length)
  agree(deep)
})
