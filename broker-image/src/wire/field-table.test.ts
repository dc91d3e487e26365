/** Field tables keep their values over the wire and over JSON, for each of RabbitMQ's types. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, fieldTable, shortText } from '../../test/arbitraries.ts'
import { isAccepted } from '../../test/refusal.ts'
import { TABLE_DEPTH_MAX } from '../limits.ts'
import { decodeTable, encodeTable, type FieldTable, type FieldValue } from './field-table.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

function encode(table: FieldTable): Buffer {
  const writer = new Writer()
  encodeTable(writer, table)
  return writer.bytes()
}

function decode(wire: Buffer): FieldTable {
  return decodeTable(new Reader(wire, 0, wire.length))
}

/** A table with one field `k` of these bytes, its type letter first. */
function oneField(type: string, ...octets: number[]): Buffer {
  const size = octets.length + 3
  return Buffer.from([0, 0, 0, size, 1, 0x6b, type.charCodeAt(0), ...octets])
}

/** A table of fields as a client may write them, in any of RabbitMQ's types. */
const wireTable = fc
  .array(
    fc.tuple(
      shortText,
      fc.oneof(
        fc.tuple(fc.constantFrom(...'tbB'), fc.uint8Array({ minLength: 1, maxLength: 1 })),
        fc.tuple(fc.constantFrom(...'su'), fc.uint8Array({ minLength: 2, maxLength: 2 })),
        fc.tuple(fc.constantFrom(...'Iif'), fc.uint8Array({ minLength: 4, maxLength: 4 })),
        fc.tuple(fc.constantFrom(...'lLdT'), fc.uint8Array({ minLength: 8, maxLength: 8 })),
        fc.tuple(fc.constant('D'), fc.uint8Array({ minLength: 5, maxLength: 5 })),
        fc.tuple(fc.constantFrom(...'Sx'), bytes.map(withLength)),
      ),
    ),
  )
  .map(fields =>
    withLength(
      Buffer.concat(
        fields.flatMap(([key, [type, value]]) => [
          Buffer.from([Buffer.byteLength(key)]),
          Buffer.from(key),
          Buffer.from(type),
          value,
        ]),
      ),
    ),
  )

function withLength(content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}

test('a table survives the wire with its values and the order of its keys', () => {
  fc.assert(
    fc.property(fieldTable, table => {
      const decoded = decode(encode(table))
      expect(decoded).toEqual(table)
      expect(JSON.stringify(decoded)).toBe(JSON.stringify(table))
    }),
  )
})

test('a table survives JSON on its way, so that definitions can hold it', () => {
  fc.assert(
    fc.property(fieldTable, table => {
      const wire = encode(table)
      expect(encode(JSON.parse(JSON.stringify(decode(wire))))).toEqual(wire)
    }),
  )
})

test('what a client wrote in any type means the same after we wrote it again', () => {
  fc.assert(
    fc.property(wireTable, wire => {
      const decoded = decode(wire)
      expect(decode(encode(decoded))).toEqual(decoded)
    }),
  )
})

test('a table that we wrote again keeps its order, but for keys that look like indices', () => {
  const order = (table: FieldTable): string[] => Object.keys(decode(encode(table)))
  expect(order({ b: 1, a: 2, '01': 3, '-1': 4 })).toEqual(['b', 'a', '01', '-1'])
  expect(order({ b: 1, '20': 2, a: 3, '1': 4 })).toEqual(['1', '20', 'b', 'a'])
})

test('arbitrary bytes give a table or a connection error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60, size: 'max' }), octets => {
      isAccepted(() => decode(withLength(Buffer.from(octets))))
    }),
  )
})

const VECTORS: { [claim: string]: [Buffer, FieldValue] } = {
  't is a boolean': [oneField('t', 1), true],
  'b is a signed octet': [oneField('b', 0xff), -1],
  'B is an unsigned octet': [oneField('B', 0xff), 255],
  's is a signed short': [oneField('s', 0x80, 0), -32768],
  'u is an unsigned short': [oneField('u', 0x80, 0), 32768],
  'I is a signed long': [oneField('I', 0xff, 0xff, 0xff, 0xfe), -2],
  'i is an unsigned long': [oneField('i', 0xff, 0xff, 0xff, 0xfe), 4_294_967_294],
  'l is a signed long long': [oneField('l', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), -1],
  'L is signed too, as RabbitMQ reads it': [oneField('L', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), -1],
  'a long long beyond 2^53 keeps its digits': [
    oneField('l', 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    { '!': 'int64', value: '9223372036854775807' },
  ],
  'f is a number': [oneField('f', 0x3f, 0xc0, 0, 0), 1.5],
  'd is a number': [oneField('d', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5],
  'an integral d stays a double': [oneField('d', 0x40, 0, 0, 0, 0, 0, 0, 0), { '!': 'double', value: 2 }],
  'D is a decimal': [oneField('D', 2, 0, 0, 0, 125), { '!': 'decimal', scale: 2, value: 125 }],
  'S is text': [oneField('S', 0, 0, 0, 2, 0xc3, 0xa9), 'é'],
  'S with other bytes keeps them': [oneField('S', 0, 0, 0, 1, 0xff), { '!': 'longstr', base64: '/w==' }],
  'A is an array': [oneField('A', 0, 0, 0, 3, 0x74, 0, 0x56), [false, null]],
  'T is a time in seconds': [oneField('T', 0, 0, 0, 0, 0, 0, 1, 0), { '!': 'timestamp', value: 256 }],
  'F is a table': [oneField('F', 0, 0, 0, 3, 1, 0x61, 0x56), { a: null }],
  'V is nothing': [oneField('V'), null],
  'x is bytes': [oneField('x', 0, 0, 0, 1, 0x61), { '!': 'bytes', base64: 'YQ==' }],
}

test.each(Object.entries(VECTORS))('%s', (_claim, [wire, value]) => {
  expect(decode(wire)).toEqual({ k: value })
})

test('integers are written in the narrower of I and l', () => {
  expect(encode({ k: 2_147_483_647 })).toEqual(oneField('I', 0x7f, 0xff, 0xff, 0xff))
  expect(encode({ k: 2_147_483_648 })).toEqual(oneField('l', 0, 0, 0, 0, 0x80, 0, 0, 0))
  expect(encode({ k: -2_147_483_649 })).toEqual(oneField('l', 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff))
})

test('a nested table with the key of a tag is not taken for a tagged value', () => {
  const table = { k: { '!': 'table', value: { '!': 'timestamp', value: 5 } } }
  const wire = encode(table)
  expect(wire.includes('F\0')).toBe(true)
  expect(decode(wire)).toEqual(table)
})

test('an object that only looks tagged is written as a table', () => {
  for (const odd of [{ '!': 'timestamp', value: 'soon' }, { '!': 'bytes' }, { '!': 'constructor' }, { '!': 'table' }]) {
    expect(decode(encode({ k: odd }))).toEqual({ k: { '!': 'table', value: odd } })
  }
})

test('a key that names the prototype is an ordinary key', () => {
  const table = decode(withLength(Buffer.from('\x09__proto__t\x01')))
  expect(Object.keys(table)).toEqual(['__proto__'])
  expect(Object.getPrototypeOf(table)).toBe(Object.prototype)
})

test('an unknown type is a syntax error', () => {
  expect(() => decode(oneField('Z'))).toThrow('SYNTAX_ERROR')
})

test('a table with a length beyond its frame is a frame error', () => {
  expect(() => decode(Buffer.from([0, 0, 0, 9, 1, 0x6b, 0x56]))).toThrow('FRAME_ERROR')
  expect(() => decode(Buffer.from([0xff, 0xff, 0xff, 0xff]))).toThrow('FRAME_ERROR')
})

/** The fields of a table with one value nested this deep, in arrays (`A`) or tables (`F`). */
function nestedFields(type: 'A' | 'F', levels: number): Buffer {
  let value = Buffer.from('V')
  for (let level = 0; level < levels; level++) {
    const content = type === 'A' ? value : Buffer.concat([Buffer.from('\x01k'), value])
    value = Buffer.concat([Buffer.from(type), withLength(content)])
  }
  return Buffer.concat([Buffer.from('\x01k'), value])
}

test.each(['A', 'F'] as const)(`%s is nested ${TABLE_DEPTH_MAX} deep in a table and no deeper, both ways`, type => {
  const deepest = decode(withLength(nestedFields(type, TABLE_DEPTH_MAX - 1)))
  expect(decode(encode(deepest))).toEqual(deepest)
  expect(() => decode(withLength(nestedFields(type, TABLE_DEPTH_MAX)))).toThrow('nested deeper')
  const deeper = type === 'A' ? { k: [deepest['k']!] } : { k: deepest }
  expect(() => encode(deeper)).toThrow('nested deeper')
})
