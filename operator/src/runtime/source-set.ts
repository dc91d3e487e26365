/** The sources of all controllers, one a kind however many controllers read it, and cached reads from them. */

import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../objects.ts'
import type { CachedObjects, ObjectSource } from './source.ts'

type Labels = Readonly<Record<string, string>>

/** Makes the source of one kind, narrowed to objects that carry the labels. */
export type MakeSource = (kind: Kind, labels: Labels | undefined) => ObjectSource

export class SourceSet {
  readonly #make: MakeSource
  readonly #sources = new Map<string, { source: ObjectSource; labels: Labels | undefined }>()

  constructor(make: MakeSource) {
    this.#make = make
  }

  /** The source of a kind; made at the first call. Raises when two callers want different labels. */
  source(kind: Kind, labels?: Labels): ObjectSource {
    const id = idOf(kind)
    const known = this.#sources.get(id)
    if (known !== undefined) {
      if (!isDeepStrictEqual(known.labels, labels)) throw new Error(`two label selectors for ${id}`)
      return known.source
    }
    const source = this.#make(kind, labels)
    this.#sources.set(id, { source, labels })
    return source
  }

  /** True when every source has synced. */
  get hasSynced(): boolean {
    return [...this.#sources.values()].every(({ source }) => source.hasSynced)
  }

  readonly cached: CachedObjects = {
    get: ref => this.#known(ref).get(ref.namespace, ref.name),
    list: (kind, namespace) => this.#known(kind).list(namespace),
    indexed: (kind, index, value) => this.#known(kind).indexed(index, value),
  }

  #known(kind: Kind): ObjectSource {
    const known = this.#sources.get(idOf(kind))
    if (known === undefined) throw new Error(`no controller watches ${idOf(kind)}`)
    return known.source
  }
}

/** One source over several: namespaces that are watched one by one. */
export function mergedSource(sources: readonly ObjectSource[]): ObjectSource {
  return {
    get hasSynced() {
      return sources.every(source => source.hasSynced)
    },
    async synced() {
      await Promise.all(sources.map(source => source.synced()))
    },
    subscribe(handler) {
      for (const source of sources) source.subscribe(handler)
    },
    get(namespace, name) {
      for (const source of sources) {
        const found = source.get(namespace, name)
        if (found !== undefined) return found
      }
      return undefined
    },
    list: namespace => sources.flatMap(source => source.list(namespace)),
    addIndex(index, valuesOf) {
      for (const source of sources) source.addIndex(index, valuesOf)
    },
    indexed: (index, value) => sources.flatMap(source => source.indexed(index, value)),
  }
}

function idOf(kind: Kind): string {
  return `${kind.apiVersion}/${kind.kind}`
}
