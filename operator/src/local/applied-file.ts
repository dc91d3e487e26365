/** Keeps the store as one manifest file says, while the file is edited. */

import { readFileSync, statSync } from 'node:fs'
import { ApiError, type KubernetesObject, type ObjectRef } from '../objects.ts'
import { refOf } from '../objects-ref.ts'
import { ManifestError, parseManifest } from './manifest.ts'
import type { LocalStore } from './store.ts'

/** How often the file's time is looked at: works with every editor and every file system. */
const POLL_MS = 300

export class AppliedFile {
  readonly #path: string
  readonly #store: LocalStore
  readonly #complain: (message: string) => void
  #stamp = ''
  #timer: NodeJS.Timeout | undefined
  #applied: ReadonlyMap<string, ObjectRef> = new Map()

  /** `complain` gets one line for each thing that is wrong with the file. */
  constructor(path: string, store: LocalStore, complain: (message: string) => void) {
    this.#path = path
    this.#store = store
    this.#complain = complain
  }

  /** Applies the file now and after each edit. Raises `ManifestError` when it cannot be read at all. */
  start(): void {
    this.#stamp = this.#stampNow()
    this.#apply(this.#read())
    this.#timer = setInterval(() => this.#follow(), POLL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Moves with every edit. It is taken before the file is read, so that an edit in between is seen the next time. */
  #stampNow(): string {
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`
  }

  #read(): KubernetesObject[] {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new ManifestError(code === 'ENOENT' ? 'there is no such file' : String(code))
    }
    return parseManifest(text)
  }

  /** A bad edit leaves everything as it was. */
  #follow(): void {
    const stamp = this.#stampNow()
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    try {
      this.#apply(this.#read())
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error
      this.#complain(`${this.#path}: ${error.message}; nothing was changed`)
    }
  }

  /** Each object by itself, as kubectl does: one that is refused keeps its last good state. */
  #apply(objects: readonly KubernetesObject[]): void {
    for (const object of objects) {
      try {
        this.#store.put(object)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        this.#complain(error.message)
      }
    }
    const refs = new Map(objects.map(object => [idOf(refOf(object)), refOf(object)]))
    for (const [id, ref] of this.#applied) {
      if (!refs.has(id)) this.#store.delete(ref)
    }
    this.#applied = refs
  }
}

function idOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind}/${namespace}/${name}`
}
