/** Properties survive the wire, are found in place, and never lead past their end. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, fieldTable, shortText } from '../../test/arbitraries.ts'
import { isAccepted } from '../../test/refusal.ts'
import { decodeTable } from './field-table.ts'
import { decodeProperties, encodeProperties, PROPERTY, type Properties, propertyOffset } from './properties.ts'
import { Reader } from './reader.ts'

const anyProperties: fc.Arbitrary<Properties> = fc.record(
  {
    contentType: shortText,
    contentEncoding: shortText,
    headers: fieldTable,
    deliveryMode: fc.nat(255),
    priority: fc.nat(255),
    correlationId: shortText,
    replyTo: shortText,
    expiration: shortText,
    messageId: shortText,
    timestamp: fc.maxSafeNat(),
    type: shortText,
    userId: shortText,
    appId: shortText,
    clusterId: shortText,
  },
  { requiredKeys: [], noNullPrototype: true },
)

type PropertyName = keyof typeof PROPERTY
const NAMES = Object.keys(PROPERTY) as PropertyName[]

/** Reads one value where the skimmer says that it is. */
function readAt(buffer: Buffer, offset: number, end: number, name: PropertyName): unknown {
  const reader = new Reader(buffer, offset, end)
  if (name === 'headers') return decodeTable(reader)
  if (name === 'deliveryMode' || name === 'priority') return reader.octet()
  return name === 'timestamp' ? reader.longlong() : reader.shortstr()
}

test('properties survive the wire in any combination', () => {
  fc.assert(
    fc.property(anyProperties, properties => {
      const wire = encodeProperties(properties)
      expect(decodeProperties(wire, 0, wire.length)).toEqual(properties)
    }),
  )
})

test('each property is found in place, in the middle of other bytes', () => {
  fc.assert(
    fc.property(anyProperties, bytes, bytes, (properties, before, after) => {
      const wire = encodeProperties(properties)
      const buffer = Buffer.concat([before, wire, after])
      const end = before.length + wire.length
      for (const name of NAMES) {
        const offset = propertyOffset(buffer, before.length, end, PROPERTY[name])
        const value = offset < 0 ? undefined : readAt(buffer, offset, end, name)
        expect(value, name).toEqual(properties[name])
      }
    }),
  )
})

test('properties that are cut short are frame errors, whatever lies behind them', () => {
  fc.assert(
    fc.property(anyProperties, fc.nat(), bytes, (properties, seed, after) => {
      const wire = encodeProperties(properties)
      const end = seed % wire.length
      const buffer = Buffer.concat([wire, after])
      expect(() => decodeProperties(buffer, 0, end)).toThrow('FRAME_ERROR')
    }),
  )
})

test('a lookup in arbitrary bytes stays before the end or is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40, size: 'max' }), fc.nat(50), fc.nat(13), (octets, end, which) => {
      const buffer = Buffer.from(octets)
      const limit = Math.min(end, buffer.length)
      isAccepted(() => expect(propertyOffset(buffer, 0, limit, which)).toBeLessThan(limit))
      isAccepted(() => decodeProperties(buffer, 0, limit))
    }),
  )
})

test('bytes behind the last property are a frame error', () => {
  expect(() => decodeProperties(Buffer.from([0, 0, 1]), 0, 3)).toThrow('FRAME_ERROR')
})

test('flags of properties that class basic does not have are syntax errors', () => {
  for (const flags of [1, 2]) {
    expect(() => decodeProperties(Buffer.from([0, flags]), 0, 2)).toThrow('SYNTAX_ERROR')
  }
})

test('the highest flag is the content type and the next ones follow the order of the wire', () => {
  const wire = encodeProperties({ contentType: 'a', deliveryMode: 2, expiration: '60' })
  expect(wire.toString('hex')).toBe('9100'.concat('0161', '02', '023630'))
})

test('text that is not UTF-8 can be decoded and written again', () => {
  const wire = Buffer.from([0x80, 0, 255, ...Array(255).fill(0xff)])
  const decoded = decodeProperties(wire, 0, wire.length)
  expect(decoded).toEqual({ contentType: '?'.repeat(255) })
  expect(() => encodeProperties(decoded)).not.toThrow()
})

test('the largest timestamp of 64 bits can be decoded and written again', () => {
  const wire = Buffer.from([0, 0x40, ...Array(8).fill(0xff)])
  expect(encodeProperties(decodeProperties(wire, 0, wire.length))).toEqual(wire)
})
