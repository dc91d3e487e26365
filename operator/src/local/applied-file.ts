/** Keeps the store as one manifest file says, while the file is edited. */

import { readFileSync, statSync } from 'node:fs'
import { ApiError, type KubernetesObject, type ObjectRef, refOf } from '../objects.ts'
import { ManifestError, parseManifest } from './manifest.ts'
import type { LocalStore } from './store.ts'

/** How often the file's time is looked at: works with every editor and every file system. */
const POLL_MS = 300

export class AppliedFile {
  readonly #path: string
  readonly #store: LocalStore
  readonly #complain: (message: string) => void
  readonly #onEdit: (waiting: readonly KubernetesObject[]) => void
  /** Of the file as it was last applied, and as it was last seen. */
  #stamp = ''
  #seen = ''
  #timer: NodeJS.Timeout | undefined
  #applied: ReadonlyMap<string, KubernetesObject> = new Map()
  /** Objects of the file as it was last applied. */
  #accepted = 0
  #refused = 0

  /**
   * `complain` gets one line for each thing that is wrong with the file. `onEdit` hears of every edit that was applied,
   * with the objects of the file that are still being deleted, and are made again after that.
   */
  constructor(
    path: string,
    store: LocalStore,
    complain: (message: string) => void,
    onEdit: (waiting: readonly KubernetesObject[]) => void,
  ) {
    this.#path = path
    this.#store = store
    this.#complain = complain
    this.#onEdit = onEdit
  }

  /** Applies the file now and after each edit. Raises `ManifestError` when it cannot be read at all. */
  start(): void {
    this.#stamp = this.#seen = this.#stampNow()
    this.#apply(this.#read())
    this.#timer = setInterval(() => this.#follow(), POLL_MS)
  }

  /** What became of the file when it was last applied, for people. */
  get summary(): string {
    const total = this.#accepted + this.#refused
    if (this.#refused === 0) return `Applied ${this.#path}`
    return `Applied ${this.#accepted} of ${total} objects of ${this.#path}; ${this.#refused} refused, as said above`
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
    const settled = stamp === this.#seen
    this.#seen = stamp
    if (stamp === this.#stamp) {
      this.#restore()
      return
    }
    // A program that writes the file bit by bit must not have the missing bits deleted.
    if (!settled) return
    this.#stamp = stamp
    try {
      this.#apply(this.#read())
      this.#onEdit([...this.#applied.values()].filter(object => this.#isBeingDeleted(object)))
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error
      this.#complain(`${this.#path}: ${error.message}; nothing was changed`)
    }
  }

  /** Each object by itself, as kubectl does: one that is refused keeps its last good state. */
  #apply(objects: readonly KubernetesObject[]): void {
    const accepted = objects.filter(object => this.#put(object))
    this.#accepted = accepted.length
    this.#refused = objects.length - accepted.length
    const named = new Set(objects.map(object => idOf(refOf(object))))
    const before = [...this.#applied.entries()]
    for (const [id, object] of before) if (!named.has(id)) this.#store.delete(refOf(object))
    const kept = before.filter(([id]) => named.has(id))
    this.#applied = new Map([...kept, ...accepted.map(object => [idOf(refOf(object)), object] as const)])
  }

  /** What was taken out of the file and put back goes all the same, as in Kubernetes; then it is made again. */
  #restore(): void {
    for (const object of this.#applied.values()) {
      if (this.#store.cached.get(refOf(object)) === undefined) this.#put(object)
    }
  }

  #isBeingDeleted(object: KubernetesObject): boolean {
    return this.#store.cached.get(refOf(object))?.metadata.deletionTimestamp !== undefined
  }

  #put(object: KubernetesObject): boolean {
    try {
      this.#store.put(object)
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.#complain(error.message)
      return false
    }
  }
}

function idOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind}/${namespace}/${name}`
}
