/** `x-recent-history`: gives the last messages to whatever gets bound to it [RabbitMQ]. */
import { fetchSegment } from '../../queue/context.ts'
import type { Arrival } from '../../queue/intake.ts'
import { isPersistent } from '../../queue/message.ts'
import { waitsForDisk } from '../../queue/pace.ts'
import { Queue } from '../../queue/queue.ts'
import { type WireBytes, wireOf } from '../../queue/wire-bytes.ts'
import type { RoutedMessage } from '../../routing/exchange.ts'
import type { Destination, VhostExchange } from '../vhost-exchange.ts'
import { offerAndKeep } from './keep.ts'
import type { Hold, HoldingSite, Layer } from './site.ts'
import { release, withHiddenKeys } from './stored-message.ts'

export class HistoryLayer implements Layer {
  readonly postpones = false
  readonly #hold: Hold
  readonly #site: HoldingSite

  constructor(hold: Hold, site: HoldingSite) {
    this.#hold = hold
    this.#site = site
  }

  admits(message: RoutedMessage): boolean {
    if (message.properties.headers?.['x-recent-history-no-store'] !== true) {
      message.keepers ??= []
      message.keepers.push(this)
    }
    return true
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
      if (!ready.find(seq)) continue
      const { segment } = ready
      const bytes = context.segments.bytes(segment)
      if (bytes === null) {
        const skip = (): void => this.#replay(seqs.slice(at + 1), destination)
        fetchSegment(context, segment, () => this.#replay(seqs.slice(at), destination), skip)
        return
      }
      const wire = wireOf(bytes, ready)
      const goOn = (): void => this.#replay(seqs.slice(at), destination)
      const wireBytes = isPersistent(ready.sized) ? wire.end - wire.start : null
      if (waitsForDisk(context, goOn, wireBytes)) break
      this.#send(wire, destination)
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
