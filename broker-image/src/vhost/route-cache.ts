/** Routes by the bytes of exchange and routing key, so that a publish makes no strings: a hash table of byte keys. */
import { ROUTES_CACHED_MAX } from '../limits.ts'
import type { Queue } from '../queue/queue.ts'
import type { VhostExchange } from './vhost-exchange.ts'

/** Where a message of one exchange and routing key goes. */
export interface Route {
  readonly exchange: VhostExchange
  readonly routingKey: string
  /** Empty when `needsMessage`: then the queues depend on the message. */
  readonly queues: readonly Queue[]
  /** The message must be looked at: for its properties, or since it is a direct reply. */
  readonly needsMessage: boolean
}

interface Entry {
  readonly key: Buffer
  readonly hash: number
  readonly route: Route
  readonly next: Entry | undefined
}

const BUCKETS_MIN = 64
const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

export class RouteCache {
  #buckets: (Entry | undefined)[] = []
  #count = 0

  /** The route remembered for the key bytes `[start, end)`. */
  get(source: Buffer, start: number, end: number): Route | undefined {
    if (this.#count === 0) return undefined
    const hash = hashOf(source, start, end)
    let entry = this.#buckets[hash & (this.#buckets.length - 1)]
    while (entry !== undefined) {
      if (entry.hash === hash && sameBytes(entry.key, source, start, end)) return entry.route
      entry = entry.next
    }
    return undefined
  }

  /** Remembers a route. A full cache starts over, which bounds it without a record of use on every publish. */
  set(source: Buffer, start: number, end: number, route: Route): void {
    if (this.#count >= ROUTES_CACHED_MAX) this.clear()
    if (this.#count >= this.#buckets.length) this.#grow()
    const hash = hashOf(source, start, end)
    const at = hash & (this.#buckets.length - 1)
    this.#buckets[at] = { key: Buffer.from(source.subarray(start, end)), hash, route, next: this.#buckets[at] }
    this.#count++
  }

  clear(): void {
    if (this.#count === 0) return
    this.#buckets = []
    this.#count = 0
  }

  #grow(): void {
    const old = this.#buckets
    const size = Math.max(BUCKETS_MIN, old.length * 2)
    this.#buckets = new Array(size).fill(undefined)
    for (const first of old) {
      for (let entry = first; entry !== undefined; entry = entry.next) {
        const at = entry.hash & (size - 1)
        this.#buckets[at] = { ...entry, next: this.#buckets[at] }
      }
    }
  }
}

function hashOf(source: Buffer, start: number, end: number): number {
  let hash = FNV_OFFSET
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ source[at]!, FNV_PRIME)
  return hash ^ (hash >>> 15)
}

/** Whether `key` is the bytes `[start, end)` of `source`. */
export function sameBytes(key: Buffer, source: Buffer, start: number, end: number): boolean {
  const length = end - start
  if (key.length !== length) return false
  for (let at = 0; at < length; at++) if (key[at] !== source[start + at]) return false
  return true
}
