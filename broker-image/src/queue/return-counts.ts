/** How often messages of one queue came back unacknowledged, for queues that limit it [RabbitMQ `delivery-limit`]. */
import type { ShardLog } from '../log/shard-log.ts'
import { isPersistent, type Message } from './message.ts'
import type { Queue } from './queue.ts'

export class ReturnCounts {
  /** By sequence number; made for the first message that comes back. */
  #counts: Map<number, number> | undefined

  /** Whether a message ever came back. */
  get isUsed(): boolean {
    return this.#counts !== undefined
  }

  /** 0 for a message that never came back. */
  of(seq: number): number {
    return this.#counts?.get(seq) ?? 0
  }

  /** Counts one more return. False, with nothing counted, when the message came back as often as it may. */
  admit(message: Message, { id, settings: { countsReturns, deliveryLimit } }: Queue, log: ShardLog): boolean {
    if (!countsReturns) return true
    const count = this.of(message.seq) + 1
    if (count > deliveryLimit) return false
    this.set(message.seq, count)
    if (isPersistent(message.sized)) log.appendReturn(id, message.seq, count)
    return true
  }

  set(seq: number, count: number): void {
    this.#counts ??= new Map()
    this.#counts.set(seq, count)
  }

  /** The message left its queue. */
  forget(seq: number): void {
    this.#counts?.delete(seq)
  }

  /** As a checkpoint holds them: seq, count, seq, count, … */
  flat(): number[] {
    return this.#counts === undefined ? [] : [...this.#counts].flat()
  }
}
