/**
 * Objects in memory for local mode and tests: what our reconcilers need of an API server. Versions, generations,
 * finalizers, deletion, owner references, defaults and rules of our kinds. It is no API server: one writer's fields
 * are not told from another's, and CEL is not run (the same rules are, as predicates).
 */

import { randomUUID } from 'node:crypto'
import { KINDS } from '../api/kinds.ts'
import { includesJson, sameJson } from '../compare.ts'
import {
  ApiError,
  type Kind,
  type KubernetesObject,
  type Metadata,
  type ObjectRef,
  type Objects,
  refOf,
} from '../objects.ts'
import { ObjectCache } from '../runtime/object-cache.ts'
import type { CachedObjects, ObjectSource } from '../runtime/source.ts'
import { admit } from './admission.ts'

export class LocalStore {
  readonly #caches = new Map<string, ObjectCache>()
  readonly #now: () => number
  #version = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** The store as reconcilers write to it. */
  readonly objects: Objects = {
    get: async ref => this.#find(ref),
    list: async (kind, namespace, labels = {}) =>
      this.#cacheOf(kind)
        .list(namespace)
        .filter(object => includesJson(object.metadata.labels ?? {}, labels)),
    apply: async object => this.put(object),
    applyStatus: async object => this.#putStatus(object),
    setFinalizers: async (object, finalizers) => this.#setFinalizers(object, finalizers),
    delete: async (ref, uid) => this.delete(ref, uid),
  }

  /** The store as reconcilers read from it. */
  readonly cached: CachedObjects = {
    get: ref => this.#find(ref),
    list: (kind, namespace) => this.#cacheOf(kind).list(namespace),
    indexed: (kind, index, value) => this.#cacheOf(kind).indexed(index, value),
  }

  /** Objects of one kind as a watched source; everything is here from the start, so it is always synced. */
  source(kind: Kind): ObjectSource {
    const cache = this.#cacheOf(kind)
    return {
      hasSynced: true,
      synced: async () => undefined,
      subscribe: handler => cache.subscribe(handler),
      get: (namespace, name) => cache.get(namespace, name),
      list: namespace => cache.list(namespace),
      addIndex: (index, valuesOf) => cache.addIndex(index, valuesOf),
      indexed: (index, value) => cache.indexed(index, value),
    }
  }

  /** Creates or replaces all but status; answers what is stored. Raises `ApiError` 422 for what a CRD refuses. */
  put(given: KubernetesObject): KubernetesObject {
    const before = this.#find(refOf(given))
    const kind = KINDS.find(known => known.kind === given.kind && given.apiVersion.startsWith('warren.dev/'))
    const admitted = kind === undefined ? given : admit(kind, given, before)
    const { status: _, ...rest } = admitted
    const metadata = this.#metadata(admitted, before)
    const object: KubernetesObject = {
      ...rest,
      metadata,
      ...(before?.status !== undefined && { status: before.status }),
    }
    return this.#store(object, before)
  }

  /** Deletes, or marks as being deleted while finalizers hold the object. What is gone already is success. */
  delete(ref: ObjectRef, uid?: string): void {
    const object = this.#find(ref)
    if (object === undefined || (uid !== undefined && object.metadata.uid !== uid)) return
    if ((object.metadata.finalizers ?? []).length === 0) {
      this.#remove(object)
    } else if (object.metadata.deletionTimestamp === undefined) {
      const deletionTimestamp = this.#time()
      const generation = (object.metadata.generation ?? 1) + 1
      this.#store({ ...object, metadata: { ...object.metadata, deletionTimestamp, generation } }, object)
    }
  }

  #putStatus(given: KubernetesObject): void {
    const before = this.#find(refOf(given))
    if (before === undefined) throw new ApiError(404, 'NotFound', `${given.kind} ${given.metadata.name} not found`)
    this.#store({ ...before, status: given.status }, before)
  }

  #setFinalizers(given: KubernetesObject, finalizers: readonly string[]): void {
    const before = this.#find(refOf(given))
    if (before === undefined) throw new ApiError(404, 'NotFound', `${given.kind} ${given.metadata.name} not found`)
    if (before.metadata.resourceVersion !== given.metadata.resourceVersion) {
      throw new ApiError(409, 'Conflict', `${given.kind} ${given.metadata.name} has changed`)
    }
    if (finalizers.length === 0 && before.metadata.deletionTimestamp !== undefined) this.#remove(before)
    else this.#store({ ...before, metadata: { ...before.metadata, finalizers: [...finalizers] } }, before)
  }

  #find(ref: ObjectRef): KubernetesObject | undefined {
    return this.#cacheOf(ref).get(ref.namespace, ref.name)
  }

  #cacheOf({ apiVersion, kind }: Kind): ObjectCache {
    const key = `${apiVersion}/${kind}`
    let cache = this.#caches.get(key)
    if (cache === undefined) {
      cache = new ObjectCache()
      this.#caches.set(key, cache)
    }
    return cache
  }

  #metadata(given: KubernetesObject, before: KubernetesObject | undefined): Metadata {
    if (before === undefined) {
      const fresh = { uid: randomUUID(), generation: 1, creationTimestamp: this.#time() }
      return { ...given.metadata, ...fresh }
    }
    const { uid, creationTimestamp, deletionTimestamp, finalizers, resourceVersion } = before.metadata
    const generation = (before.metadata.generation ?? 1) + (sameJson(given.spec, before.spec) ? 0 : 1)
    const kept = { uid, creationTimestamp, deletionTimestamp, finalizers, resourceVersion }
    const known = Object.entries(kept).filter(([, value]) => value !== undefined)
    return { ...given.metadata, ...Object.fromEntries(known), generation }
  }

  /** A write that changes nothing is no news, as on an API server. */
  #store(object: KubernetesObject, before: KubernetesObject | undefined): KubernetesObject {
    if (before !== undefined && sameJson(object, before)) return before
    this.#version += 1
    const stored = structuredClone(object)
    stored.metadata.resourceVersion = String(this.#version)
    this.#cacheOf(stored).put(stored)
    return stored
  }

  /** Removes, and then all objects of any kind that had only this owner (Kubernetes' garbage collection). */
  #remove(object: KubernetesObject): void {
    this.#cacheOf(object).remove(object)
    for (const cache of this.#caches.values()) {
      for (const other of cache.list('')) {
        const owners = other.metadata.ownerReferences ?? []
        if (owners.length > 0 && owners.every(owner => owner.uid === object.metadata.uid)) this.delete(refOf(other))
      }
    }
  }

  #time(): string {
    return new Date(this.#now()).toISOString().replace(/\.\d{3}Z$/, 'Z')
  }
}
