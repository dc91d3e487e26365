/** `x-recent-history`: a fanout exchange that gives the last messages to whatever gets bound to it [RabbitMQ]. */
import { fetchSegment } from '../../queue/context.ts'
import type { Arrival } from '../../queue/intake.ts'
import { waitsForDisk } from '../../queue/pace.ts'
import { Queue } from '../../queue/queue.ts'
import { type WireBytes, wireOf } from '../../queue/wire-bytes.ts'
import type { Exchange, RoutedMessage } from '../../routing/exchange.ts'
import { HISTORY_TYPE } from '../../routing/held-types.ts'
import type { FieldTable } from '../../wire/field-table.ts'
import type { Destination, VhostExchange } from '../vhost-exchange.ts'
import { offerAndKeep } from './keep.ts'
import type { Hold, Holder, HoldingSite } from './site.ts'
import { release, withHiddenKeys } from './stored-message.ts'

export class HistoryExchange implements Exchange<Destination>, Holder {
  readonly type = HISTORY_TYPE
  readonly needsMessage = true
  readonly postpones = false
  readonly #inner: Exchange<Destination>
  readonly #hold: Hold
  readonly #site: HoldingSite

  /** `inner` has the bindings. */
  constructor(inner: Exchange<Destination>, hold: Hold, site: HoldingSite) {
    this.#inner = inner
    this.#hold = hold
    this.#site = site
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

  route(message: RoutedMessage, found: Set<Destination>): void {
    this.#inner.route(message, found)
    if (message.properties.headers?.['x-recent-history-no-store'] === true) return
    message.keepers ??= []
    message.keepers.push(this)
  }

  /** Persistent messages are in the history again after a restart. */
  keep(arrival: Arrival, message: RoutedMessage): number {
    const { context, queue } = this.#hold
    const wire = withHiddenKeys(arrival, message)
    const { size, persistent } = arrival
    return context.intake.accept({ ...wire, size, persistent, ttlMs: Number.POSITIVE_INFINITY }, [queue])
  }

  /** Sends the history to a destination that was bound just now, the oldest message first. */
  replay(destination: Destination): void {
    const { ready } = this.#hold.queue
    const seqs: number[] = []
    ready.each(() => seqs.push(ready.seq))
    this.#replay(seqs, destination)
  }

  /** Goes on later where a message must come from disk; one that left the history meanwhile is passed over. */
  #replay(seqs: readonly number[], destination: Destination): void {
    const { queue, context } = this.#hold
    const { ready } = queue
    for (const [at, seq] of seqs.entries()) {
      if (waitsForDisk(context, () => this.#replay(seqs.slice(at), destination))) break
      if (!ready.find(seq)) continue
      const { segment } = ready
      const bytes = context.segments.bytes(segment)
      if (bytes === null) {
        const skip = (): void => this.#replay(seqs.slice(at + 1), destination)
        fetchSegment(context, segment, () => this.#replay(seqs.slice(at), destination), skip)
        return
      }
      this.#send(wireOf(bytes, ready), destination)
    }
    context.turn.wake()
  }

  #send(wire: WireBytes, destination: Destination): void {
    const { arrival, message } = release(wire, headers => headers)
    if (destination instanceof Queue && destination.deleted) return
    const queues =
      destination instanceof Queue ? [destination] : this.#site.route((destination as VhostExchange).name, message)
    offerAndKeep(this.#hold.context, arrival, queues, message)
  }
}
