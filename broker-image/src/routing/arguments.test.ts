/** Arguments of bindings are compared by value. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fieldTable } from '../../test/arbitraries.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import { argumentsKey, fieldKey } from './arguments.ts'

/** The same value with the keys of every table the other way round. */
function reversed(value: FieldValue): FieldValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(reversed)
  const entries = Object.entries(value).reverse()
  return Object.fromEntries(entries.map(([key, field]) => [key, reversed(field)]))
}

test('the order of keys does not matter', () => {
  fc.assert(
    fc.property(fieldTable, table => {
      expect(argumentsKey(reversed(table) as FieldTable)).toBe(argumentsKey(table))
    }),
  )
})

test('the key of a value is JSON of the same value, so different values have different keys', () => {
  fc.assert(
    fc.property(fieldTable, table => {
      expect(JSON.parse(fieldKey(table))).toEqual(JSON.parse(JSON.stringify(table)))
    }),
  )
})

test('no arguments have the empty key', () => {
  expect(argumentsKey({})).toBe('')
})
