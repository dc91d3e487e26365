/** Kubernetes Events for transitions: what `kubectl describe` shows under an object. */

import { createHash } from 'node:crypto'
import type { Logger } from '../log.ts'
import type { KubernetesObject, Objects } from '../objects.ts'
import type { Clock } from './clock.ts'
import type { RuntimeMetrics } from './metrics.ts'

export type EventType = 'Normal' | 'Warning'

/** Records a transition of an object. Never raises, never waits: an Event that cannot be written is dropped. */
export interface EventRecorder {
  /** `reason` is a stable CamelCase word, `message` is for people. Repeats of one (object, reason, message) are counted. */
  record(object: KubernetesObject, type: EventType, reason: string, message: string): void
}

export interface ObjectEventsOptions {
  objects: Objects
  clock: Clock
  log: Logger
  metrics: RuntimeMetrics
  /** The pod that reports, for `source.host`. */
  host: string
}

/** Different Events remembered to count repeats; the longest unused is forgotten. */
const REMEMBERED_MAX = 2048
/** Events that wait for the API server; more are dropped and counted. */
const PENDING_MAX = 256
/** A repeat within this time is counted at once and written by the first repeat after it. */
const QUIET_MS = 60_000
/** Servers forget an Event after an hour; counting starts anew then. */
const FORGET_MS = 3_600_000
/** The API's bound on a message, in bytes. */
const MESSAGE_BYTES_MAX = 1024

interface Remembered {
  count: number
  firstMs: number
  writtenMs: number
}

/** Writes Events as objects, one at a time, repeats as one Event with a count. */
export class ObjectEvents implements EventRecorder {
  readonly #options: ObjectEventsOptions
  readonly #remembered = new Map<string, Remembered>()
  readonly #pending = new Map<string, KubernetesObject>()
  #writing: Promise<void> | undefined

  constructor(options: ObjectEventsOptions) {
    this.#options = options
  }

  record(object: KubernetesObject, type: EventType, reason: string, message: string): void {
    const nowMs = this.#options.clock.now()
    const id = identityOf(object, reason, message)
    const seen = this.#recall(id, nowMs)
    seen.count += 1
    if (nowMs - seen.writtenMs < QUIET_MS) return
    if (this.#pending.size >= PENDING_MAX && !this.#pending.has(id)) {
      this.#options.metrics.eventsDropped.inc()
      return
    }
    seen.writtenMs = nowMs
    this.#pending.set(id, this.#eventOf(object, { id, type, reason, message, seen, nowMs }))
    this.#writing ??= this.#write()
  }

  /** Resolves when nothing waits to be written. */
  async flushed(): Promise<void> {
    await this.#writing
  }

  #recall(id: string, nowMs: number): Remembered {
    const known = this.#remembered.get(id)
    const seen = known !== undefined && nowMs - known.firstMs < FORGET_MS ? known : undefined
    const fresh = seen ?? { count: 0, firstMs: nowMs, writtenMs: Number.NEGATIVE_INFINITY }
    this.#remembered.delete(id)
    this.#remembered.set(id, fresh)
    if (this.#remembered.size > REMEMBERED_MAX) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest)
        break
      }
    }
    return fresh
  }

  #eventOf(object: KubernetesObject, what: Occurrence): KubernetesObject {
    const { name, namespace, uid, resourceVersion } = object.metadata
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name.slice(0, 200)}.${what.id}`, namespace: namespace ?? 'default' },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion },
      type: what.type,
      reason: what.reason,
      message: cut(what.message),
      count: what.seen.count,
      firstTimestamp: secondsOf(what.seen.firstMs),
      lastTimestamp: secondsOf(what.nowMs),
      source: { component: 'warren-operator', host: this.#options.host },
      reportingComponent: 'warren-operator',
      reportingInstance: this.#options.host,
    }
  }

  async #write(): Promise<void> {
    const { log, metrics, objects } = this.#options
    for (const [id, event] of this.#pending) {
      this.#pending.delete(id)
      try {
        await objects.apply(event)
      } catch (error) {
        metrics.eventsDropped.inc()
        log.debug({ reason: event['reason'], problem: String(error) }, 'did not write an event')
      }
    }
    this.#writing = undefined
  }
}

interface Occurrence {
  id: string
  type: EventType
  reason: string
  message: string
  seen: Remembered
  nowMs: number
}

function identityOf(object: KubernetesObject, reason: string, message: string): string {
  const words = [object.metadata.uid ?? object.metadata.name, reason, message]
  return createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 16)
}

function cut(message: string): string {
  if (Buffer.byteLength(message) <= MESSAGE_BYTES_MAX) return message
  // Cutting bytes may halve a character; what is left of it (one replacement character) goes too.
  const kept = Buffer.from(message)
    .subarray(0, MESSAGE_BYTES_MAX - 4)
    .toString('utf8')
  return `${kept.replace(/\uFFFD$/, '')}…`
}

/** `metav1.Time` has whole seconds. */
function secondsOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
