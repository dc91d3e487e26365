/** The objects of one kind as last seen, frozen, with indexes; says what changed as it changes. */

import type { KubernetesObject } from '../objects.ts'
import type { Change, ChangeHandler, IndexFunction } from './source.ts'

interface Index {
  valuesOf: IndexFunction
  ids: Map<string, Map<string, KubernetesObject>>
}

/** Deleted uids kept to tell late news of a dead object from a new object. */
const TOMBSTONES_MAX = 4096
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const BY_NAMESPACE = 'namespace'

/**
 * An ordered-by-nothing map of objects by namespace and name. An update older than what is held is dropped (by
 * resourceVersion, which API servers number upwards), as is any news of a uid that was deleted.
 */
export class ObjectCache {
  readonly #objects = new Map<string, KubernetesObject>()
  readonly #indexes = new Map<string, Index>()
  readonly #handlers: ChangeHandler[] = []
  readonly #tombstones = new Set<string>()

  constructor() {
    this.addIndex(BY_NAMESPACE, object => [object.metadata.namespace ?? ''])
  }

  /** Objects, those already here too, are found by `indexed` under the values of `valuesOf`. */
  addIndex(name: string, valuesOf: IndexFunction): void {
    const index: Index = { valuesOf, ids: new Map() }
    for (const [id, object] of this.#objects) addToIndex(index, id, object)
    this.#indexes.set(name, index)
  }

  get size(): number {
    return this.#objects.size
  }

  subscribe(handler: ChangeHandler): void {
    this.#handlers.push(handler)
  }

  get(namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(`${namespace}/${name}`)
  }

  /** Objects of one namespace; of all namespaces when `namespace` is empty. */
  list(namespace: string): readonly KubernetesObject[] {
    return namespace === '' ? [...this.#objects.values()] : this.indexed(BY_NAMESPACE, namespace)
  }

  /** Objects that the index function `index` put under `value`. */
  indexed(index: string, value: string): readonly KubernetesObject[] {
    const found = this.#indexes.get(index)
    if (found === undefined) throw new Error(`no index ${index}`)
    return [...(found.ids.get(value)?.values() ?? [])]
  }

  /** Takes what a watch says an object is now. */
  put(object: KubernetesObject): void {
    if (!this.#isOldNews(object)) this.#store(object, false)
  }

  /** Takes the end of an object. A successor under the same name (another uid) stays. */
  remove(object: KubernetesObject): void {
    this.#bury(object)
    const id = idOf(object)
    const held = this.#objects.get(id)
    if (held !== undefined && held.metadata.uid === object.metadata.uid) this.#remove(id, held)
  }

  /** Takes a complete list as the truth, even where its versions went back (a restored etcd): what it lacks is gone. */
  replace(objects: readonly KubernetesObject[], initial: boolean): void {
    const ids = new Set(objects.map(idOf))
    for (const [id, held] of this.#objects) if (!ids.has(id)) this.#remove(id, held)
    this.#tombstones.clear()
    for (const object of objects) {
      const held = this.#objects.get(idOf(object))
      if (held === undefined || !isSame(held, object)) this.#store(object, initial)
    }
  }

  #store(object: KubernetesObject, initial: boolean): void {
    const id = idOf(object)
    const held = this.#objects.get(id)
    if (held !== undefined && held.metadata.uid !== object.metadata.uid) this.#remove(id, held)
    const previous = this.#objects.get(id)
    const current = freezeDeep(slim(object))
    if (previous !== undefined) this.#unindex(id, previous)
    this.#objects.set(id, current)
    for (const index of this.#indexes.values()) addToIndex(index, id, current)
    this.#tell(
      previous === undefined
        ? { type: 'added', object: current, initial }
        : { type: 'updated', previous, object: current },
    )
  }

  #isOldNews(object: KubernetesObject): boolean {
    const uid = object.metadata.uid
    const held = this.#objects.get(idOf(object))
    if (uid !== undefined && this.#tombstones.has(uid)) return true
    if (held === undefined || held.metadata.uid !== uid) return false
    return compareVersions(object.metadata.resourceVersion, held.metadata.resourceVersion) <= 0
  }

  #remove(id: string, held: KubernetesObject): void {
    this.#bury(held)
    this.#objects.delete(id)
    this.#unindex(id, held)
    this.#tell({ type: 'deleted', object: held })
  }

  #bury(object: KubernetesObject): void {
    if (object.metadata.uid === undefined) return
    this.#tombstones.add(object.metadata.uid)
    if (this.#tombstones.size <= TOMBSTONES_MAX) return
    for (const oldest of this.#tombstones) {
      this.#tombstones.delete(oldest)
      return
    }
  }

  #unindex(id: string, object: KubernetesObject): void {
    for (const index of this.#indexes.values()) {
      for (const value of index.valuesOf(object)) {
        const under = index.ids.get(value)
        under?.delete(id)
        if (under?.size === 0) index.ids.delete(value)
      }
    }
  }

  #tell(change: Change): void {
    for (const handler of this.#handlers) handler(change)
  }
}

function addToIndex(index: Index, id: string, object: KubernetesObject): void {
  for (const value of index.valuesOf(object)) {
    const under = index.ids.get(value) ?? new Map<string, KubernetesObject>()
    index.ids.set(value, under.set(id, object))
  }
}

function idOf(object: KubernetesObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

function isSame(held: KubernetesObject, object: KubernetesObject): boolean {
  const version = object.metadata.resourceVersion
  return version !== undefined && version === held.metadata.resourceVersion && held.metadata.uid === object.metadata.uid
}

/** Negative, zero or positive as `left` is older than, the same as or newer than `right`. Not a number: always newer. */
export function compareVersions(left: string | undefined, right: string | undefined): number {
  if (left === right) return left === undefined ? 1 : 0
  if (!isNumber(left) || !isNumber(right)) return 1
  return left.length === right.length ? (left < right ? -1 : 1) : left.length - right.length
}

function isNumber(version: string | undefined): version is string {
  return version !== undefined && /^[1-9][0-9]*$/.test(version)
}

/** Drops what nobody here reads and what makes up half of an object: managedFields and kubectl's copy of the manifest. */
function slim(object: KubernetesObject): KubernetesObject {
  const metadata: Record<string, unknown> = { ...object.metadata }
  delete metadata['managedFields']
  if (object.metadata.annotations?.[LAST_APPLIED] !== undefined) {
    const annotations = { ...object.metadata.annotations }
    delete annotations[LAST_APPLIED]
    metadata['annotations'] = annotations
  }
  return { ...object, metadata: metadata as unknown as KubernetesObject['metadata'] }
}

/** Freezes a tree of plain data in place. */
function freezeDeep<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) freezeDeep(child)
  }
  return value
}
