/** Comparing plain JSON values: equality, and whether one holds all of another. */

/** Equal as JSON: a field that is undefined is one that is not there. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => sameJson(item, right[index]))
    )
  }
  const [lefts, rights] = [left as Fields, right as Fields]
  return (
    Object.keys(lefts).every(field => sameJson(lefts[field], rights[field])) &&
    Object.keys(rights).every(field => rights[field] === undefined || lefts[field] !== undefined)
  )
}

type Fields = { readonly [field: string]: unknown }

/** Fields whose values are quantities, which an API server writes in its own way: 1000m as 1, 1024Mi as 1Gi. */
const QUANTITIES = new Set(['requests', 'limits'])

const UNITS: { readonly [suffix: string]: number } = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

function quantity(value: unknown): number {
  const match = /^(\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/.exec(String(value))
  return match === null ? Number.NaN : Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN)
}

function includesQuantities(actual: unknown, wanted: unknown): boolean {
  const given = (actual ?? {}) as Fields
  return Object.entries((wanted ?? {}) as object).every(
    ([resource, amount]) => given[resource] === amount || quantity(given[resource]) === quantity(amount),
  )
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
    const fields = actual as Fields
    return Object.entries(wanted).every(([field, value]) =>
      QUANTITIES.has(field) ? includesQuantities(fields[field], value) : includesJson(fields[field], value),
    )
  }
  return actual === wanted
}
