/** An object source that a test fills by hand. */

import type { KubernetesObject } from '../src/objects.ts'
import { ObjectCache } from '../src/runtime/object-cache.ts'
import type { ChangeHandler, IndexFunction, ObjectSource } from '../src/runtime/source.ts'

export class MemorySource implements ObjectSource {
  readonly cache = new ObjectCache()
  readonly #sync = Promise.withResolvers<void>()
  hasSynced = false

  synced(): Promise<void> {
    return this.#sync.promise
  }

  /** Takes the first complete list. */
  sync(...objects: KubernetesObject[]): void {
    this.cache.replace(objects, true)
    this.hasSynced = true
    this.#sync.resolve()
  }

  subscribe(handler: ChangeHandler): void {
    this.cache.subscribe(handler)
  }

  get(namespace: string, name: string): KubernetesObject | undefined {
    return this.cache.get(namespace, name)
  }

  list(namespace: string): readonly KubernetesObject[] {
    return this.cache.list(namespace)
  }

  addIndex(index: string, valuesOf: IndexFunction): void {
    this.cache.addIndex(index, valuesOf)
  }

  indexed(index: string, value: string): readonly KubernetesObject[] {
    return this.cache.indexed(index, value)
  }
}
