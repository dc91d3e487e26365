/** The consumers of one queue and whose turn it is: round robin within the highest priority that can take a message. */
import type { Arguments } from '../definitions/model.ts'
import type { Message } from './message.ts'

/** What a queue knows of a consumer. The session implements it. */
export interface Consumer {
  readonly tag: string
  /** Deliveries count as settled when sent. */
  readonly noAck: boolean
  readonly exclusive: boolean
  readonly priority: number
  readonly prefetchCount: number
  readonly arguments: Arguments
  /** Whether a delivery may go out now: prefetch, flow, unsent bytes. */
  canTake(): boolean
  /** Sends one message, whose log entry stands in `bytes` at `message.offset`. */
  deliver(bytes: Buffer, message: Message): void
  /** Sends a message that never was in a log: wire form `[start, end)` of `source`, keys of `keyLength` bytes first. */
  pass(source: Buffer, start: number, keyLength: number, end: number): void
  /** The queue is gone: tells the client if it asked for that [RabbitMQ `consumer_cancel_notify`]. */
  cancelled(): void
}

export class Consumers {
  readonly list: Consumer[] = []
  readonly singleActive: boolean
  #next = 0
  /** Consumers at the head of the list that share the highest priority. */
  #firstTier = 0
  #acknowledging = 0

  constructor(singleActive: boolean) {
    this.singleActive = singleActive
  }

  get count(): number {
    return this.list.length
  }

  /** The consumer that is active of a single-active queue: it stays while it is there. */
  get active(): Consumer | undefined {
    return this.singleActive ? this.list[0] : undefined
  }

  /** Nobody acknowledges: a message that is taken is settled. */
  get areAllAutoAck(): boolean {
    return this.#acknowledging === 0
  }

  get hasExclusive(): boolean {
    return this.list.some(consumer => consumer.exclusive)
  }

  /** Behind those of its priority; of a single-active queue, behind the active one at least. */
  add(consumer: Consumer): void {
    const isBefore = (other: Consumer, at: number): boolean =>
      other.priority < consumer.priority && !(at === 0 && this.singleActive)
    const behind = this.list.findIndex(isBefore)
    if (behind < 0) this.list.push(consumer)
    else this.list.splice(behind, 0, consumer)
    if (!consumer.noAck) this.#acknowledging++
    this.#countFirstTier()
  }

  /** False when the consumer was not here. */
  remove(consumer: Consumer): boolean {
    const at = this.list.indexOf(consumer)
    if (at < 0) return false
    this.list.splice(at, 1)
    if (at < this.#next) this.#next--
    if (!consumer.noAck) this.#acknowledging--
    this.#countFirstTier()
    return true
  }

  /** Removes and tells everybody: the queue is gone. */
  cancelAll(): void {
    for (const consumer of [...this.list]) {
      this.remove(consumer)
      consumer.cancelled()
    }
  }

  /** Who takes the next message; null when nobody can. */
  next(): Consumer | null {
    const list = this.list
    if (this.singleActive) return list.length > 0 && list[0]!.canTake() ? list[0]! : null
    const tier = this.#firstTier
    for (let tried = 0; tried < tier; tried++) {
      if (this.#next >= tier) this.#next = 0
      const consumer = list[this.#next++]!
      if (consumer.canTake()) return consumer
    }
    return tier === list.length ? null : this.#nextOfLowerTiers(tier)
  }

  /** A consumer that took one goes behind its equals, which is round robin without a cursor for each tier. */
  #nextOfLowerTiers(from: number): Consumer | null {
    const list = this.list
    for (let at = from; at < list.length; at++) {
      const consumer = list[at]!
      if (!consumer.canTake()) continue
      let last = at
      while (last + 1 < list.length && list[last + 1]!.priority === consumer.priority) last++
      list.splice(at, 1)
      list.splice(last, 0, consumer)
      return consumer
    }
    return null
  }

  #countFirstTier(): void {
    const highest = this.list[0]?.priority
    let count = 0
    while (count < this.list.length && this.list[count]!.priority === highest) count++
    this.#firstTier = count
    if (this.#next > count) this.#next = 0
  }
}
