/**
 * An exchange that lets a message with the same key pass once: of type `x-message-deduplication`, or of any type with the
 * argument of that name. The keys it has seen are tiny messages in a queue of its own, which bounds them by number and age.
 */
import type { Arrival } from '../../queue/intake.ts'
import { keyOf } from '../../queue/key-index.ts'
import type { Exchange, Keeper, RoutedMessage } from '../../routing/exchange.ts'
import type { CacheSettings } from '../../routing/held-types.ts'
import type { FieldTable } from '../../wire/field-table.ts'
import type { Destination } from '../vhost-exchange.ts'
import { encodeWireForm } from '../wire-form.ts'
import type { Hold, Holder } from './site.ts'

const NO_BODY = Buffer.alloc(0)

export class DeduplicatingExchange implements Exchange<Destination>, Holder {
  readonly type: string
  readonly needsMessage = true
  readonly postpones = false
  readonly #inner: Exchange<Destination>
  readonly #settings: CacheSettings
  readonly #hold: Hold

  /** `inner` has the bindings. */
  constructor(type: string, inner: Exchange<Destination>, settings: CacheSettings, hold: Hold) {
    this.type = type
    this.#inner = inner
    this.#settings = settings
    this.#hold = hold
  }

  get isEmpty(): boolean {
    return this.#inner.isEmpty
  }

  validateBinding(args: FieldTable, routingKey: string): void {
    this.#inner.validateBinding(args, routingKey)
  }

  bind(destination: Destination, routingKey: string, args: FieldTable): void {
    this.#inner.bind(destination, routingKey, args)
  }

  unbind(destination: Destination, routingKey: string, args: FieldTable): void {
    this.#inner.unbind(destination, routingKey, args)
  }

  /** A duplicate goes nowhere. One that a delayed exchange within held until now was looked at when it came. */
  route(message: RoutedMessage, found: Set<Destination>): void {
    const key = this.#keyOf(message)
    if (key === undefined || message.releasedFrom === (this.#inner as unknown as Keeper)) {
      this.#inner.route(message, found)
      return
    }
    message.keepers ??= []
    message.keepers.push(this)
    if (!this.#isKnown(key)) this.#inner.route(message, found)
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
