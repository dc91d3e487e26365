/** Arguments of bindings compared by value. */

import type { FieldTable, FieldValue } from '../wire/field-table.ts'

/** A text that is equal for equal arguments, whatever the order of their keys; empty for none. */
export function argumentsKey(args: FieldTable): string {
  return Object.keys(args).length === 0 ? '' : fieldKey(args)
}

/** The same for one value. */
export function fieldKey(value: FieldValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(fieldKey).join()}]`
  const entries = Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${fieldKey(value[key]!)}`)
  return `{${entries.join()}}`
}
