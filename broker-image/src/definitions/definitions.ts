/** The map of everything that a broker is told to have: typed, synchronous, with each durable change as one log entry. */

import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { DEFINITION_KEYS, type DefinitionKeys, joinKey } from './keys.ts'
import type { DefinitionKind, DefinitionKinds } from './model.ts'

/** Where durable changes go. Its owner replays them at the next start through `Definitions.apply`. */
export interface DefinitionJournal {
  append(bytes: Buffer): void
  /** Calls `done` once all that was appended before is durable. */
  whenStable(done: () => void): void
}

/** One change, after it was made. Without `value` it was removed, without `previous` it is new. */
export type DefinitionChange = {
  [K in DefinitionKind]: { kind: K; value?: Readonly<DefinitionKinds[K]>; previous?: Readonly<DefinitionKinds[K]> }
}[DefinitionKind]

export type DefinitionListener = (change: DefinitionChange) => void

type Entry =
  | { op: 'put'; kind: DefinitionKind; value: unknown }
  | { op: 'remove'; kind: DefinitionKind; key: string[] }
  | { op: 'reserve'; queueIds: number }

interface Snapshot {
  version: number
  queueIdsReserved: number
  values: { [K in DefinitionKind]: DefinitionKinds[K][] }
}

const SNAPSHOT_VERSION = 1
/** Queue ids that one log entry sets aside, so that a declare of a transient queue need not write one. */
const QUEUE_IDS_RESERVED = 1_024

/** Invariant: replaying the entries after a snapshot onto it gives the durable part of the map as it was. */
export class Definitions {
  readonly #journal: DefinitionJournal
  readonly #values = emptyValues()
  /** Keys of what lives in memory only. */
  readonly #transient = new Set<string>()
  readonly #listeners = new Set<DefinitionListener>()
  #nextQueueId = 1
  #queueIdsReserved = 1

  constructor(journal: DefinitionJournal) {
    this.#journal = journal
  }

  /** An id that no queue had before, not even one that is deleted, nor before a restart. */
  nextQueueId(): number {
    if (this.#nextQueueId >= this.#queueIdsReserved) this.#reserveMore()
    return this.#nextQueueId++
  }

  /** Tells of an id that some queue had, though no definition speaks of it. It is not given out after a restart either. */
  passQueueId(id: number): void {
    if (id < this.#nextQueueId) return
    this.#nextQueueId = id + 1
    if (id >= this.#queueIdsReserved) this.#reserveMore()
  }

  get<K extends DefinitionKind>(kind: K, key: DefinitionKeys[K]): Readonly<DefinitionKinds[K]> | undefined {
    return this.#values[kind].get(joinKey(key))
  }

  /** Definitions of a kind in the order in which they were first put. */
  list<K extends DefinitionKind>(kind: K): Readonly<DefinitionKinds[K]>[] {
    return [...this.#values[kind].values()]
  }

  count(kind: DefinitionKind): number {
    return this.#values[kind].size
  }

  /** Adds or replaces. What is equal already costs no entry and reaches no listener. `value` belongs to the map afterwards. */
  put<K extends DefinitionKind>(
    kind: K,
    value: Readonly<DefinitionKinds[K]>,
    options: { durable: boolean },
  ): 'created' | 'updated' | 'unchanged' {
    const key = joinKey(DEFINITION_KEYS[kind](value))
    const previous = this.#values[kind].get(key)
    const wasDurable = !this.#transient.has(transientKey(kind, key))
    if (previous !== undefined && wasDurable === options.durable && isDeepStrictEqual(previous, value)) {
      return 'unchanged'
    }
    if (options.durable) this.#append({ op: 'put', kind, value })
    else if (previous !== undefined && wasDurable) {
      this.#append({ op: 'remove', kind, key: DEFINITION_KEYS[kind](value) })
    }
    this.#set(kind, value, options.durable)
    return previous === undefined ? 'created' : 'updated'
  }

  /** Removes and answers what was there. */
  remove<K extends DefinitionKind>(kind: K, key: DefinitionKeys[K]): Readonly<DefinitionKinds[K]> | undefined {
    const joined = joinKey(key)
    if (!this.#values[kind].has(joined)) return undefined
    if (!this.#transient.has(transientKey(kind, joined))) this.#append({ op: 'remove', kind, key })
    return this.#delete(kind, joined)
  }

  /** Calls `listener` after every change, in the order of the changes. The answer takes it back. */
  listen(listener: DefinitionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls `done` once every change made so far is durable. */
  whenStable(done: () => void): void {
    this.#journal.whenStable(done)
  }

  /** Replays one entry that `append` was given. */
  apply(bytes: Buffer): void {
    const entry = JSON.parse(bytes.toString()) as Entry
    switch (entry.op) {
      case 'put':
        this.#set(entry.kind, entry.value as DefinitionKinds[DefinitionKind], true)
        break
      case 'remove':
        this.#delete(entry.kind, joinKey(entry.key))
        break
      case 'reserve':
        this.#reserve(entry.queueIds)
        break
      default:
        assert.fail(`unknown entry of definitions: ${bytes}`)
    }
  }

  /** The durable part, for a checkpoint. */
  snapshot(): Buffer {
    const values = Object.fromEntries(kinds().map(kind => [kind, this.#durable(kind)])) as unknown as Snapshot['values']
    const snapshot: Snapshot = { version: SNAPSHOT_VERSION, queueIdsReserved: this.#queueIdsReserved, values }
    return Buffer.from(JSON.stringify(snapshot))
  }

  /** Takes a snapshot into an empty map. */
  load(bytes: Buffer): void {
    const snapshot = JSON.parse(bytes.toString()) as Snapshot
    assert.equal(snapshot.version, SNAPSHOT_VERSION, 'the snapshot of definitions is of another version')
    for (const kind of kinds()) {
      for (const value of snapshot.values[kind]) this.#set(kind, value, true)
    }
    this.#reserve(snapshot.queueIdsReserved)
  }

  #durable(kind: DefinitionKind): unknown[] {
    const durable: unknown[] = []
    for (const [key, value] of this.#values[kind]) {
      if (!this.#transient.has(transientKey(kind, key))) durable.push(value)
    }
    return durable
  }

  #set<K extends DefinitionKind>(kind: K, value: Readonly<DefinitionKinds[K]>, durable: boolean): void {
    const key = joinKey(DEFINITION_KEYS[kind](value))
    const previous = this.#values[kind].get(key)
    this.#values[kind].set(key, value)
    if (durable) this.#transient.delete(transientKey(kind, key))
    else this.#transient.add(transientKey(kind, key))
    this.#tell({ kind, value, ...(previous === undefined ? {} : { previous }) } as DefinitionChange)
  }

  #delete<K extends DefinitionKind>(kind: K, key: string): Readonly<DefinitionKinds[K]> | undefined {
    const previous = this.#values[kind].get(key)
    if (previous === undefined) return undefined
    this.#values[kind].delete(key)
    this.#transient.delete(transientKey(kind, key))
    this.#tell({ kind, previous } as DefinitionChange)
    return previous
  }

  #reserveMore(): void {
    this.#queueIdsReserved = this.#nextQueueId + QUEUE_IDS_RESERVED
    this.#append({ op: 'reserve', queueIds: this.#queueIdsReserved })
  }

  #reserve(queueIds: number): void {
    this.#queueIdsReserved = Math.max(this.#queueIdsReserved, queueIds)
    this.#nextQueueId = this.#queueIdsReserved
  }

  #append(entry: Entry): void {
    this.#journal.append(Buffer.from(JSON.stringify(entry)))
  }

  #tell(change: DefinitionChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}

type Values = { [K in DefinitionKind]: Map<string, Readonly<DefinitionKinds[K]>> }

function emptyValues(): Values {
  return Object.fromEntries(kinds().map(kind => [kind, new Map()])) as unknown as Values
}

function kinds(): DefinitionKind[] {
  return Object.keys(DEFINITION_KEYS) as DefinitionKind[]
}

function transientKey(kind: DefinitionKind, key: string): string {
  return kind + key
}
