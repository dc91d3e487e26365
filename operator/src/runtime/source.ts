/** Where a controller gets its objects from: a watched cache of one kind. The reflector and the local store are sources. */

import type { Kind, KubernetesObject, ObjectRef } from '../objects.ts'

/**
 * One change of a cache. `initial` marks what the first list brought (and not a change by a user).
 * An object deleted and created again under its name is a `deleted`, then an `added`.
 */
export type Change =
  | { type: 'added'; object: KubernetesObject; initial: boolean }
  | { type: 'updated'; previous: KubernetesObject; object: KubernetesObject }
  | { type: 'deleted'; object: KubernetesObject }

/** The values an object is found under. */
export type IndexFunction = (object: KubernetesObject) => readonly string[]

export type ChangeHandler = (change: Change) => void

/** A cache of one kind. Its objects are frozen: copy before changing. */
export interface ObjectSource {
  /** True once the cache has held everything the server held at one moment. */
  readonly hasSynced: boolean
  /** Resolves when `hasSynced` turns true. */
  synced(): Promise<void>
  /** Calls `handler` for every later change, after the cache itself has changed. Handlers must not throw. */
  subscribe(handler: ChangeHandler): void
  get(namespace: string, name: string): KubernetesObject | undefined
  /** Objects of one namespace; of all namespaces when `namespace` is empty. */
  list(namespace: string): readonly KubernetesObject[]
  /** Lets `indexed` find objects, those already here too, under the values of `valuesOf`. */
  addIndex(index: string, valuesOf: IndexFunction): void
  /** Objects that the index function of `index` puts under `value`. Raises for an index that was never added. */
  indexed(index: string, value: string): readonly KubernetesObject[]
}

/** Reads from the caches of all watched kinds. An unwatched kind is a programmer's error and raises. */
export interface CachedObjects {
  /** The frozen object, or undefined when the cache has none. */
  get(ref: ObjectRef): KubernetesObject | undefined
  /** Frozen objects of one namespace; of all watched namespaces when `namespace` is empty. */
  list(kind: Kind, namespace: string): readonly KubernetesObject[]
  /** Frozen objects of one kind that the index function of `index` puts under `value`. */
  indexed(kind: Kind, index: string, value: string): readonly KubernetesObject[]
}
