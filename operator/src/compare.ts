/** Comparing plain JSON values: equality, and whether one holds all of another. */

import { isDeepStrictEqual } from 'node:util'

/** Equal as JSON: a field that is undefined is one that is not there. */
export function sameJson(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(plain(left), plain(right))
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

/**
 * Whether `actual` has every field of `wanted` with its value; fields of its own are ignored, as those that an API
 * server fills in. Lists must have the same length.
 */
export function includesJson(actual: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((item, index) => includesJson(actual[index], item))
    )
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof actual !== 'object' || actual === null) return false
    const fields = actual as { [field: string]: unknown }
    return Object.entries(wanted).every(([field, value]) => includesJson(fields[field], value))
  }
  return actual === wanted
}
