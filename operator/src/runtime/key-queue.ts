/** The keys that are due: coalesced, one worker a key, two priorities, back-off and delays per key. */

import { type BackoffBounds, backoffMs } from './backoff.ts'
import type { Clock, Random } from './clock.ts'
import { Fifo } from './fifo.ts'
import type { Key } from './outcome.ts'

/** `high` is a change by someone; `low` is the first list, a retry or a timed pass. */
export type Priority = 'high' | 'low'

export interface KeyQueueOptions {
  clock: Clock
  random: Random
  backoff: BackoffBounds
  /** Keys known at once; one more is a programmer's error (nothing bounded the caches). */
  keysMax: number
}

interface Item {
  readonly key: Key
  /** In which line the key waits, if it does. */
  waiting: Priority | undefined
  running: boolean
  /** The line to join when the running pass ends: the key was added meanwhile. */
  dirty: Priority | undefined
  failures: number
  dueAtMs: number
  cancelDelay: (() => void) | undefined
}

/** Of this many keys taken, at least one is the oldest of the low line, so that a busy high line cannot starve it. */
const LOW_TURN = 8

/**
 * Invariants: a key is in at most one line; a key that runs is in no line; a key added while it runs runs once more
 * after; every add is followed by a pass that starts after it, unless the queue is shut down.
 */
export class KeyQueue {
  readonly #options: KeyQueueOptions
  readonly #items = new Map<string, Item>()
  readonly #lines = { high: new Fifo<Item>(), low: new Fifo<Item>() }
  readonly #takers: ((key: Key | undefined) => void)[] = []
  #taken = 0
  #waiting = 0
  #closed = false

  constructor(options: KeyQueueOptions) {
    this.#options = options
  }

  /** Keys that wait for a worker; delayed ones and running ones not counted. */
  get depth(): number {
    return this.#waiting
  }

  /** Makes a key due now. A key that waits in the low line and is added high moves up. */
  add(key: Key, priority: Priority = 'high'): void {
    if (this.#closed) return
    const item = this.#itemOf(key)
    if (item.running) item.dirty = higher(item.dirty, priority)
    else this.#enqueue(item, priority)
  }

  /** Makes a key due (low) in `delayMs`. Of several delays of one key the earliest stands. */
  addAfter(key: Key, delayMs: number): void {
    if (this.#closed) return
    const item = this.#itemOf(key)
    const dueAtMs = this.#options.clock.now() + delayMs
    if (item.cancelDelay !== undefined && item.dueAtMs <= dueAtMs) return
    item.cancelDelay?.()
    item.dueAtMs = dueAtMs
    item.cancelDelay = this.#options.clock.after(delayMs, () => {
      item.cancelDelay = undefined
      this.add(key, 'low')
    })
  }

  /** Makes a key due after its back-off, which doubles with each retry until `forget`. Answers the delay in ms. */
  retry(key: Key): number {
    const item = this.#itemOf(key)
    item.failures += 1
    const delayMs = backoffMs(this.#options.backoff, item.failures, this.#options.random)
    this.addAfter(key, delayMs)
    return delayMs
  }

  /** Starts the back-off of a key anew. */
  forget(key: Key): void {
    const item = this.#items.get(idOf(key))
    if (item === undefined) return
    item.failures = 0
    this.#dropIfIdle(item)
  }

  /** The next key to work on; waits for one. Undefined once the queue is shut down. Every key taken is handed back with `done`. */
  take(): Promise<Key | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    const item = this.#pop()
    if (item !== undefined) return Promise.resolve(this.#start(item))
    return new Promise(resolve => this.#takers.push(resolve))
  }

  /** Ends the pass over a key. If the key was added meanwhile it is due again. */
  done(key: Key): void {
    const item = this.#items.get(idOf(key))
    if (item === undefined || !item.running) throw new Error(`${idOf(key)} is not running`)
    item.running = false
    const dirty = item.dirty
    item.dirty = undefined
    if (dirty !== undefined && !this.#closed) this.#enqueue(item, dirty)
    else this.#dropIfIdle(item)
  }

  /** Takes no more keys and hands none out; passes that run may still call `done`. */
  shutdown(): void {
    this.#closed = true
    this.#waiting = 0
    for (const item of this.#items.values()) item.cancelDelay?.()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }

  #itemOf(key: Key): Item {
    const id = idOf(key)
    const known = this.#items.get(id)
    if (known !== undefined) return known
    if (this.#items.size >= this.#options.keysMax) throw new Error(`more than ${this.#options.keysMax} keys`)
    const item: Item = {
      key,
      waiting: undefined,
      running: false,
      dirty: undefined,
      failures: 0,
      dueAtMs: 0,
      cancelDelay: undefined,
    }
    this.#items.set(id, item)
    return item
  }

  #enqueue(item: Item, priority: Priority): void {
    if (item.waiting === 'high' || item.waiting === priority) return
    if (item.waiting === undefined) this.#waiting += 1
    // A key that moves up leaves a stale entry in the low line; `#popFrom` skips entries that do not wait there.
    item.waiting = priority
    this.#lines[priority].push(item)
    const taker = this.#takers.shift()
    if (taker === undefined) return
    const next = this.#pop()
    if (next !== undefined) taker(this.#start(next))
  }

  #start(item: Item): Key {
    item.running = true
    return item.key
  }

  #pop(): Item | undefined {
    this.#taken += 1
    const lowFirst = this.#taken % LOW_TURN === 0
    return lowFirst ? (this.#popFrom('low') ?? this.#popFrom('high')) : (this.#popFrom('high') ?? this.#popFrom('low'))
  }

  #popFrom(line: Priority): Item | undefined {
    for (let item = this.#lines[line].shift(); item !== undefined; item = this.#lines[line].shift()) {
      if (item.waiting !== line) continue
      item.waiting = undefined
      this.#waiting -= 1
      return item
    }
    return undefined
  }

  #dropIfIdle(item: Item): void {
    const idle = item.waiting === undefined && !item.running && item.failures === 0 && item.cancelDelay === undefined
    if (idle) this.#items.delete(idOf(item.key))
  }
}

function higher(left: Priority | undefined, right: Priority): Priority {
  return left === 'high' ? left : right
}

function idOf(key: Key): string {
  return `${key.namespace}/${key.name}`
}
