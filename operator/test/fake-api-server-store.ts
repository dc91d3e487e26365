/** The objects behind the fake API server: versions, history, compaction, and the writes that tests need. */

import { ApiError, type KubernetesObject } from '../src/objects.ts'

export interface HistoryEvent {
  version: number
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  collection: string
  object: KubernetesObject
}

/** `collection` is group/version and plural, such as `warren.dev/v1alpha1/queues`; `id` is namespace/name. */
export class FakeApiStore {
  readonly #collections = new Map<string, Map<string, KubernetesObject>>()
  readonly #listeners = new Set<(event: HistoryEvent) => void>()
  #history: HistoryEvent[] = []
  #version = 1
  #uids = 0
  /** Watches from before this version are answered 410. */
  #compacted = 0

  get version(): number {
    return this.#version
  }

  list(collection: string, namespace: string, labels: Record<string, string>): KubernetesObject[] {
    const matches = (object: KubernetesObject) =>
      (namespace === '' || object.metadata.namespace === namespace) &&
      Object.entries(labels).every(([name, value]) => object.metadata.labels?.[name] === value)
    return [...this.#of(collection).values()].filter(matches)
  }

  get(collection: string, id: string): KubernetesObject | undefined {
    return this.#of(collection).get(id)
  }

  /** Events after `version`, or undefined when they are compacted away. */
  since(version: number): HistoryEvent[] | undefined {
    return version < this.#compacted ? undefined : this.#history.filter(event => event.version > version)
  }

  /** Forgets the history, as etcd does after minutes. */
  compact(): void {
    this.#compacted = this.#version
    this.#history = []
  }

  listen(listener: (event: HistoryEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  create(collection: string, object: KubernetesObject): KubernetesObject {
    const id = idOf(object)
    if (this.#of(collection).has(id)) throw new ApiError(409, 'AlreadyExists', `${id} already exists`)
    this.#uids += 1
    const uid = `uid-${this.#uids}`
    return this.#store(collection, 'ADDED', { ...object, metadata: { ...object.metadata, uid, generation: 1 } })
  }

  /** Replaces; refuses when `object` carries another resourceVersion than the stored one. */
  update(collection: string, object: KubernetesObject): KubernetesObject {
    const stored = this.#existing(collection, idOf(object))
    const expected = object.metadata.resourceVersion
    if (expected !== undefined && expected !== stored.metadata.resourceVersion)
      throw new ApiError(409, 'Conflict', 'the object has been modified')
    const { uid, generation = 1 } = stored.metadata
    const changed = JSON.stringify(object.spec) !== JSON.stringify(stored.spec)
    const metadata = { ...object.metadata, generation: changed ? generation + 1 : generation }
    if (uid !== undefined) metadata.uid = uid
    const next = { ...object, metadata }
    if (metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0)
      return this.#drop(collection, next)
    return this.#store(collection, 'MODIFIED', next)
  }

  /** Merges `patch` into the object (JSON merge patch); creates it when `create` says so. */
  merge(collection: string, id: string, patch: KubernetesObject, create: boolean): KubernetesObject {
    const stored = this.get(collection, id)
    if (stored === undefined && create) return this.create(collection, patch)
    return this.update(collection, mergePatch(this.#existing(collection, id), patch) as KubernetesObject)
  }

  delete(collection: string, id: string, uid?: string): KubernetesObject {
    const stored = this.#existing(collection, id)
    if (uid !== undefined && uid !== stored.metadata.uid)
      throw new ApiError(409, 'Conflict', `the UID in the precondition (${uid}) does not match`)
    if ((stored.metadata.finalizers ?? []).length === 0) return this.#drop(collection, stored)
    const metadata = { ...stored.metadata, deletionTimestamp: new Date(0).toISOString() }
    return this.#store(collection, 'MODIFIED', { ...stored, metadata })
  }

  #existing(collection: string, id: string): KubernetesObject {
    const stored = this.get(collection, id)
    if (stored === undefined) throw new ApiError(404, 'NotFound', `${collection} "${id}" not found`)
    return stored
  }

  #drop(collection: string, object: KubernetesObject): KubernetesObject {
    this.#of(collection).delete(idOf(object))
    return this.#publish(collection, 'DELETED', object)
  }

  #store(collection: string, type: 'ADDED' | 'MODIFIED', object: KubernetesObject): KubernetesObject {
    const stored = this.#publish(collection, type, object)
    this.#of(collection).set(idOf(object), stored)
    return stored
  }

  #publish(collection: string, type: HistoryEvent['type'], object: KubernetesObject): KubernetesObject {
    this.#version += 1
    const metadata = { ...object.metadata, resourceVersion: `${this.#version}` }
    const event = { version: this.#version, type, collection, object: { ...object, metadata } }
    this.#history.push(event)
    for (const listener of [...this.#listeners]) listener(event)
    return event.object
  }

  #of(collection: string): Map<string, KubernetesObject> {
    const found = this.#collections.get(collection) ?? new Map<string, KubernetesObject>()
    this.#collections.set(collection, found)
    return found
  }
}

function idOf(object: KubernetesObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = mergePatch(merged[name], value)
  }
  return merged
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
