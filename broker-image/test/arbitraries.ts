/** Generators of wire values, shared by the tests of the wire format. */

import fc from 'fast-check'
import type { FieldTable, FieldValue } from '../src/wire/field-table.ts'

/** Text without lone surrogates, which UTF-8 can't carry. */
export const text = fc.string({ unit: 'grapheme', maxLength: 20 })

/** Text that fits a short string. */
export const shortText = text.filter(value => Buffer.byteLength(value) <= 255)

export const bytes = fc.uint8Array({ maxLength: 40, size: 'max' }).map(array => Buffer.from(array))

const base64 = bytes.map(value => value.toString('base64'))
const notUtf8 = bytes.map(value => Buffer.concat([value, Buffer.from([0xff])]).toString('base64'))
const beyondSafe = fc
  .bigInt(-(2n ** 63n), 2n ** 63n - 1n)
  .filter(value => value > 2n ** 53n || value < -(2n ** 53n))
  .map(String)
const integral = fc.integer().map(value => (value === 0 ? '-0' : value))
const oddDouble = fc.constantFrom('NaN', 'Infinity', '-Infinity', '-0')
const fraction = fc.double({ noNaN: true, noDefaultInfinity: true }).filter(value => !Number.isInteger(value))

/** Keys of tables: any but the one that marks tagged values. */
const key = fc.oneof(shortText, fc.constantFrom('__proto__', 'constructor', 'toString', '7', '')).filter(k => k !== '!')

const { table } = fc.letrec<{ table: FieldTable; value: FieldValue }>(tie => ({
  table: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<FieldTable>,
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.maxSafeInteger(),
    fc.integer(),
    fraction,
    fc.boolean(),
    fc.constant(null),
    fc
      .oneof(
        fc.nat(),
        beyondSafe.filter(v => !v.startsWith('-')),
      )
      .map(value => ({ '!': 'timestamp', value })),
    base64.map(value => ({ '!': 'bytes', base64: value })),
    notUtf8.map(value => ({ '!': 'longstr', base64: value })),
    beyondSafe.map(value => ({ '!': 'int64', value })),
    fc.oneof(integral, oddDouble).map(value => ({ '!': 'double', value })),
    fc.record({ '!': fc.constant('decimal'), scale: fc.nat(255), value: fc.nat(0xffff_ffff) }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('table'),
    tie('table').map(inner => ({ '!': 'table', value: { '!': 'timestamp', ...inner } })),
  ) as fc.Arbitrary<FieldValue>,
}))

/** Field tables in the form that decoding gives, so that they compare equal after a round trip. */
export const fieldTable = table
