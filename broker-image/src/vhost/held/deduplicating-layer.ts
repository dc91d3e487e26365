/**
 * Lets a message with the same key pass once: in exchanges of type `x-message-deduplication`, and of any type with the
 * argument of that name. The keys it has seen are tiny messages in a queue of its own, which bounds them by number and age.
 */
import type { Arrival } from '../../queue/intake.ts'
import { keyOf } from '../../queue/key-index.ts'
import type { Keeper, RoutedMessage } from '../../routing/exchange.ts'
import type { CacheSettings } from '../../routing/held-types.ts'
import type { FieldTable } from '../../wire/field-table.ts'
import { encodeWireForm } from '../wire-form.ts'
import type { Hold, Layer } from './site.ts'

const NO_BODY = Buffer.alloc(0)

export class DeduplicatingLayer implements Layer {
  readonly postpones = false
  readonly #settings: CacheSettings
  readonly #hold: Hold
  readonly #within: Keeper | undefined

  /** `within` is the next layer, if there is one. */
  constructor(settings: CacheSettings, hold: Hold, within: Keeper | undefined) {
    this.#settings = settings
    this.#hold = hold
    this.#within = within
  }

  /** A duplicate goes nowhere. One that the layer within held until now was looked at when it came. */
  admits(message: RoutedMessage): boolean {
    const key = this.#keyOf(message)
    if (key === undefined || (message.releasedFrom !== undefined && message.releasedFrom === this.#within)) return true
    message.keepers ??= []
    message.keepers.push(this)
    return !this.#isKnown(key)
  }

  /** The publisher of a duplicate hears no sooner than the first message is safe. */
  keep(_arrival: Arrival, message: RoutedMessage): number {
    const { context, queue } = this.#hold
    const key = this.#keyOf(message)!
    if (this.#isKnown(key)) return context.intake.lastBatch
    const wire = encodeWireForm({ exchange: '', routingKey: key, properties: {}, bodyFrames: NO_BODY })
    const ttlMs = this.#ttlOf(message.properties.headers)
    return context.intake.accept({ ...wire, start: 0, end: wire.source.length, persistent: true, ttlMs }, [queue])
  }

  #keyOf({ properties: { headers } }: RoutedMessage): string | undefined {
    const { header } = this.#settings
    return headers !== undefined && Object.hasOwn(headers, header) ? keyOf(headers[header]) : undefined
  }

  #isKnown(key: string): boolean {
    return this.#hold.queue.keys!.has(key)
  }

  /** A message may say for how long its key counts. */
  #ttlOf(headers: FieldTable | undefined): number {
    const ttl = headers?.['x-cache-ttl']
    return Number.isSafeInteger(ttl) && Number(ttl) > 0 ? Number(ttl) : this.#settings.ttlMs
  }
}
