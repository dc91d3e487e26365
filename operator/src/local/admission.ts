/** What an API server does to an object of our kinds before it stores it: defaults, schema, rules. */

import { objectSchema, type StructuralSchema } from '../api/crd.ts'
import type { KindDefinition } from '../api/kind.ts'
import { KINDS } from '../api/kinds.ts'
import { ApiError, type KubernetesObject } from '../objects.ts'

const SCHEMAS: ReadonlyMap<KindDefinition, StructuralSchema> = new Map(KINDS.map(kind => [kind, objectSchema(kind)]))

/**
 * The object with defaults filled in. Raises `ApiError` 422 that lists every fault by field.
 * `before` is the object that it replaces, for rules about change.
 */
export function admit(
  kind: KindDefinition,
  object: KubernetesObject,
  before: KubernetesObject | undefined,
): KubernetesObject {
  const schema = SCHEMAS.get(kind) ?? objectSchema(kind)
  const filled = withDefaults(schema, structuredClone(object)) as KubernetesObject
  const { name } = object.metadata
  const faults = kind.nameRules.filter(rule => !rule.holds(name)).map(rule => rule.message)
  for (const field of ['spec', 'status'] as const) {
    const part = schema.properties?.[field]
    if (part !== undefined && (filled[field] !== undefined || field === 'spec'))
      check(part, filled[field], field, faults)
  }
  if (faults.length === 0) {
    for (const rule of kind.rules) {
      if (!rule.holds(filled.spec, before?.spec)) faults.push(rule.message)
    }
  }
  if (faults.length > 0) {
    throw new ApiError(422, 'Invalid', `${kind.kind} "${name}" is invalid: ${faults.join('; ')}`)
  }
  return filled
}

type Fields = { [field: string]: unknown }

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withDefaults(schema: StructuralSchema, value: unknown): unknown {
  if (Array.isArray(value) && schema.items !== undefined) {
    const items = schema.items
    return value.map(item => withDefaults(items, item))
  }
  if (!isFields(value) || schema.properties === undefined) return value
  for (const [name, child] of Object.entries(schema.properties)) {
    if (value[name] === undefined && child.default !== undefined) value[name] = structuredClone(child.default)
    if (value[name] !== undefined) value[name] = withDefaults(child, value[name])
  }
  return value
}

function check(schema: StructuralSchema, value: unknown, path: string, faults: string[]): void {
  if (value === undefined) {
    faults.push(`${path}: Required value`)
    return
  }
  const fault = typeFault(schema, value) ?? boundFault(schema, value)
  if (fault !== undefined) {
    faults.push(`${path}: ${fault}`)
    return
  }
  if (Array.isArray(value)) checkItems(schema, value, path, faults)
  else if (isFields(value)) checkFields(schema, value, path, faults)
}

const TYPES: { [type: string]: (value: unknown) => boolean } = {
  object: isFields,
  array: value => Array.isArray(value),
  string: value => typeof value === 'string',
  boolean: value => typeof value === 'boolean',
  integer: value => Number.isInteger(value),
  number: value => typeof value === 'number',
}

function typeFault(schema: StructuralSchema, value: unknown): string | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return Number.isInteger(value) || typeof value === 'string' ? undefined : 'must be a whole number or a text'
  }
  const holds = schema.type === undefined ? undefined : TYPES[schema.type]
  return holds === undefined || holds(value) ? undefined : `must be of type ${schema.type}`
}

function boundFault(schema: StructuralSchema, value: unknown): string | undefined {
  if (typeof value === 'string') return textFault(schema, value)
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum) return `must be at least ${schema.minimum}`
    if (schema.maximum !== undefined && value > schema.maximum) return `must be at most ${schema.maximum}`
  }
  if (Array.isArray(value)) {
    if (schema.maxItems !== undefined && value.length > schema.maxItems)
      return `must have at most ${schema.maxItems} items`
  } else if (isFields(value)) {
    const size = Object.keys(value).length
    if (size < (schema.minProperties ?? 0)) return `must have at least ${schema.minProperties} keys`
    if (size > (schema.maxProperties ?? size)) return `must have at most ${schema.maxProperties} keys`
  }
  return undefined
}

function textFault(schema: StructuralSchema, value: string): string | undefined {
  if (schema.enum !== undefined && !schema.enum.includes(value)) return `must be one of ${schema.enum.join(', ')}`
  if (value.length < (schema.minLength ?? 0)) return 'must not be empty'
  if (value.length > (schema.maxLength ?? value.length)) return `must have at most ${schema.maxLength} characters`
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) return `must match ${schema.pattern}`
  return undefined
}

function checkItems(schema: StructuralSchema, value: unknown[], path: string, faults: string[]): void {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  for (const [index, item] of value.entries()) {
    if (schema.items !== undefined) check(schema.items, item, `${path}[${index}]`, faults)
    if (keys.length === 0 || !isFields(item)) continue
    const identity = JSON.stringify(keys.map(key => item[key]))
    if (seen.has(identity)) faults.push(`${path}[${index}]: Duplicate value of ${keys.join(' and ')}`)
    seen.add(identity)
  }
}

function checkFields(schema: StructuralSchema, value: Fields, path: string, faults: string[]): void {
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) faults.push(`${path}.${name}: Required value`)
  }
  for (const [name, child] of Object.entries(value)) {
    const known = schema.properties?.[name] ?? schema.additionalProperties
    if (known !== undefined) check(known, child, `${path}.${name}`, faults)
    else if (schema['x-kubernetes-preserve-unknown-fields'] !== true) {
      const fields = Object.keys(schema.properties ?? {}).join(', ')
      faults.push(`${path}.${name}: unknown field (known are ${fields})`)
    }
  }
}
