/** Pieces of schema that TypeBox has no structural form for: what a CRD may say, and the type it stands for. */

import { type SchemaOptions, type TSchema, type TUnsafe, Type } from '@sinclair/typebox'

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

export type JsonTable = { [key: string]: Json }

/** One of a few words. (A TypeBox union would become `anyOf`, which a structural schema may not use for a type.) */
export function oneOf<const Word extends string>(words: readonly Word[], options: SchemaOptions): TUnsafe<Word> {
  return Type.Unsafe<Word>({ type: 'string', enum: words, ...options })
}

/** An object of Kubernetes' own that is passed on as it is, or a table with keys that nobody can list. */
export function openObject(options: SchemaOptions): TUnsafe<JsonTable> {
  return Type.Unsafe<JsonTable>({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true, ...options })
}

/** A map from names to values of one schema. */
export function mapOf<Value>(values: TSchema, options: SchemaOptions): TUnsafe<{ [key: string]: Value }> {
  return Type.Unsafe<{ [key: string]: Value }>({ type: 'object', additionalProperties: values, ...options })
}

/** A whole number or a text, as Kubernetes' quantities and ports are. */
export function intOrString(options: SchemaOptions): TUnsafe<number | string> {
  return Type.Unsafe<number | string>({ 'x-kubernetes-int-or-string': true, ...options })
}

/** A list whose items are told apart by `keys`: the API server refuses two with the same. */
export function keyedList(keys: readonly string[], options: SchemaOptions): SchemaOptions {
  return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys, ...options }
}
