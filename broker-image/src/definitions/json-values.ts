/** Values between AMQP arguments (with tags for what JSON can't tell apart) and the plain JSON of RabbitMQ's HTTP API. */

import { JSON_DEPTH_MAX, TABLE_DEPTH_MAX } from '../limits.ts'
import type { Arguments, ArgumentValue } from './model.ts'

/** JSON from outside that is no definition. The message says which field is wrong, and how. */
export class InvalidDefinition extends Error {}

export type JsonObject = { readonly [key: string]: unknown }

const RADIX = 10

/** Arguments as RabbitMQ shows them: tags are gone, and with them the difference between some types. */
export function plainArguments(args: Readonly<Arguments>): { [key: string]: unknown } {
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, plainValue(value)]))
}

function plainValue(value: ArgumentValue): unknown {
  if (Array.isArray(value)) return value.map(plainValue)
  if (value === null || typeof value !== 'object') return value
  return Object.hasOwn(value, '!') ? untagged(value) : plainArguments(value)
}

function untagged(tagged: { [key: string]: ArgumentValue }): unknown {
  const { value } = tagged
  switch (tagged['!']) {
    case 'table':
      return plainArguments(value as Arguments)
    case 'bytes':
      return tagged['base64']
    case 'longstr':
      return Buffer.from(String(tagged['base64']), 'base64').toString('latin1')
    case 'decimal':
      return Number(value) / RADIX ** Number(tagged['scale'])
    default:
      return Number(value)
  }
}

/** Arguments out of JSON. Throws `InvalidDefinition` when it is no object or nested too deeply. */
export function argumentsFromJson(json: unknown, field = 'arguments'): Arguments {
  if (!isObject(json)) throw new InvalidDefinition(`${field} should be an object`)
  return tableFromJson(json, field, 1)
}

function tableFromJson(json: JsonObject, field: string, depth: number): Arguments {
  if (depth > TABLE_DEPTH_MAX) throw new InvalidDefinition(`${field} is nested more than ${TABLE_DEPTH_MAX} deep`)
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, valueFromJson(value, field, depth + 1)]))
}

function valueFromJson(json: unknown, field: string, depth: number): ArgumentValue {
  if (Array.isArray(json)) {
    if (depth > TABLE_DEPTH_MAX) throw new InvalidDefinition(`${field} is nested more than ${TABLE_DEPTH_MAX} deep`)
    return json.map(item => valueFromJson(item, field, depth + 1))
  }
  if (!isObject(json)) return json as string | number | boolean | null
  const table = tableFromJson(json, field, depth)
  return Object.hasOwn(json, '!') ? { '!': 'table', value: table } : table
}

export function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/**
 * Reads a text from outside. Whatever walks through the answer comes to its end.
 * @throws SyntaxError for what is no JSON; InvalidDefinition for what is nested too deeply.
 */
export function parseJson(text: string): unknown {
  const json = JSON.parse(text) as unknown
  assertDepth(json, 'JSON', JSON_DEPTH_MAX)
  return json
}

/** @throws InvalidDefinition for objects and lists in each other to more than so many levels. */
export function assertDepth(json: unknown, field: string, depthMax: number): void {
  if (isDeeper(json, depthMax)) throw new InvalidDefinition(`${field} is nested more than ${depthMax} deep`)
}

function isDeeper(json: unknown, levels: number): boolean {
  if (typeof json !== 'object' || json === null) return false
  return levels === 0 || Object.values(json).some(inner => isDeeper(inner, levels - 1))
}

export function objectFrom(json: unknown, what: string): JsonObject {
  if (!isObject(json)) throw new InvalidDefinition(`${what} should be an object`)
  return json
}

/** The text in a field, or `fallback`; without a fallback the field is required. */
export function stringField(json: JsonObject, field: string, fallback?: string): string {
  const value = json[field] ?? fallback
  if (value === undefined) throw new InvalidDefinition(`${field} is missing`)
  if (typeof value !== 'string') throw new InvalidDefinition(`${field} should be a string`)
  return value
}

/** true and false, also as text as RabbitMQ takes them. */
export function booleanField(json: JsonObject, field: string, fallback: boolean): boolean {
  const value = json[field] ?? fallback
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw new InvalidDefinition(`${field} should be true or false`)
}

/** A list of words, or one text with commas between them. */
export function wordsField(json: JsonObject, field: string): string[] {
  const value = json[field] ?? []
  const words = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(words) || !words.every(word => typeof word === 'string')) {
    throw new InvalidDefinition(`${field} should be a list of strings`)
  }
  return words.map(word => word.trim()).filter(word => word !== '')
}
