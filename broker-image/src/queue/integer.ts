/** Integers in the arguments of a queue, also those that a JavaScript number cannot hold. */
import type { ArgumentValue } from '../definitions/model.ts'

/** The integer that an argument is, from -2^63 on; undefined where it is none. */
export function integerIn(value: ArgumentValue | undefined): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined
  return isWide(value) ? BigInt(String(value['value'])) : undefined
}

/** A limit out of an argument or a policy, Infinity where it says none: one beyond 2^53 is out of everybody's reach. */
export function limitIn(value: ArgumentValue | undefined): number {
  if (typeof value === 'number') return value
  return isWide(value) ? Math.min(Number(value['value']), Number.MAX_SAFE_INTEGER) : Number.POSITIVE_INFINITY
}

function isWide(value: ArgumentValue | undefined): value is { [key: string]: ArgumentValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && value['!'] === 'int64'
}
