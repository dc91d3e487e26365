/** The header `x-delay`: for how long a message is held, in milliseconds [rabbitmq-delayed-message-exchange]. */
import type { FieldTable, FieldValue } from '../../wire/field-table.ts'

const HEADER = 'x-delay'
/** About 8,900 years: a longer delay is that long, so that every deadline is exact. */
const DELAY_MS_MAX = 2 ** 48

/** Above 0 for a message that waits. A number in text counts, and of a fraction its whole part. */
export function delayOf(headers: FieldTable | undefined): number {
  const value = headers === undefined || !Object.hasOwn(headers, HEADER) ? undefined : headers[HEADER]
  const ms = value === undefined ? 0 : Math.trunc(numberOf(value))
  return Number.isNaN(ms) ? 0 : Math.min(ms, DELAY_MS_MAX)
}

/** The headers of a message that has waited: it won't wait again, and its receivers see that it did. */
export function delayedHeaders(headers: FieldTable): FieldTable {
  return { ...headers, [HEADER]: -delayOf(headers) }
}

function numberOf(value: FieldValue): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return /^[+-]?\d+$/.test(value) ? Number(value) : 0
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 0
  if (value['!'] === 'int64' || value['!'] === 'double') return Number(value['value'])
  return value['!'] === 'decimal' ? Number(value['value']) / 10 ** Number(value['scale']) : 0
}
