/**
 * The transaction of one channel [AMQP 1.9]: publishes and settlements that take effect with `tx.commit`, publishes
 * first, or never. A publish is checked and routed when it comes, as RabbitMQ does it.
 */
import { TX_BYTES_MAX, TX_MESSAGES_MAX } from '../limits.ts'
import type { Arrival } from '../queue/intake.ts'
import { REFUSED } from '../queue/offer.ts'
import type { Queue } from '../queue/queue.ts'
import type { RoutedMessage } from '../routing/exchange.ts'
import type { VhostExchange } from '../vhost/vhost-exchange.ts'
import { ChannelError } from '../wire/errors.ts'
import { METHOD_ID } from '../wire/frame.ts'
import type { Channel } from './channel.ts'

/** What becomes of deliveries. */
export type Settlement = 'ack' | 'requeue' | 'discard'

/** Where a publish goes, and what was looked at to find that; null when its keys said everything. */
interface Way {
  readonly exchange: VhostExchange
  readonly queues: readonly Queue[]
  readonly message: RoutedMessage | null
}

interface HeldPublish extends Way {
  readonly arrival: Arrival
  readonly mandatory: boolean
}

interface HeldSettlement {
  readonly kind: Settlement
  readonly tag: number
  readonly multiple: boolean
}

/** What the publishes of a commit came to. */
interface Outcome {
  /** Batch of the log that must be stable; 0 = none. */
  batch: number
  refused: boolean
  readonly returned: Arrival[]
}

export class Transaction {
  readonly #channel: Channel
  #publishes: HeldPublish[] = []
  #settlements: HeldSettlement[] = []
  #bytes = 0

  constructor(channel: Channel) {
    this.#channel = channel
  }

  /** Publishes that wait for the commit. */
  get messages(): number {
    return this.#publishes.length
  }

  /** Holds a copy of a publish. @throws ChannelError 406 when the transaction grows beyond its bounds. */
  publish(arrival: Arrival, way: Way, mandatory: boolean): void {
    const { source, start, end } = arrival
    const bytes = this.#bytes + end - start
    if (bytes > TX_BYTES_MAX || this.messages >= TX_MESSAGES_MAX) {
      const bounds = `${TX_MESSAGES_MAX} messages or ${TX_BYTES_MAX} bytes`
      throw new ChannelError('PRECONDITION_FAILED', `transaction is larger than ${bounds}`)
    }
    this.#bytes = bytes
    const copy = { ...arrival, source: Buffer.from(source.subarray(start, end)), start: 0, end: end - start }
    const message = way.message?.keepers === undefined ? null : lasting(way.message)
    this.#publishes.push({ ...way, message, arrival: copy, mandatory })
  }

  /** Holds a settlement; its deliveries count as settled for the client, and as taken for prefetch. @throws ChannelError 406. */
  settle(kind: Settlement, tag: number, multiple: boolean): void {
    const last = this.#channel.unacked.hold(tag, multiple)
    if (last > 0) this.#settlements.push({ kind, tag: last, multiple })
  }

  /**
   * Does all that was held, and begins anew. Returns and `tx.commit-ok` follow once everything is safe; a queue that
   * refused a message closes the channel instead with 406, though the rest was done [RabbitMQ].
   */
  commit(): void {
    const { broker } = this.#channel
    const outcome: Outcome = { batch: 0, refused: false, returned: [] }
    for (const held of this.#publishes) this.#deliver(held, outcome)
    this.#settle()
    this.#forget()
    const { log } = broker
    if (log.isGathering) outcome.batch = log.batch
    const fill = this.#channel.reserveAnswer()
    broker.whenSafe(outcome.batch, () => fill(() => this.#answer(outcome)))
  }

  /** Drops the publishes; the deliveries can be settled again. */
  rollback(): void {
    this.#channel.unacked.letGo()
    this.#forget()
  }

  #forget(): void {
    this.#publishes = []
    this.#settlements = []
    this.#bytes = 0
  }

  /** A queue that was deleted since the publish gets nothing. What exchanges keep is routed anew, by what they hold now. */
  #deliver({ arrival, exchange, message, queues, mandatory }: HeldPublish, outcome: Outcome): void {
    const { vhost } = this.#channel
    const found = message === null ? queues : vhost.traffic.queuesFor(exchange, message)
    const present = found.filter(queue => !queue.deleted)
    const batch = vhost.traffic.accept(arrival, exchange, present, message)
    if (batch === REFUSED) outcome.refused = true
    else if (batch > outcome.batch) outcome.batch = batch
    if (mandatory && present.length === 0) outcome.returned.push(arrival)
  }

  #settle(): void {
    const { unacked, globalPrefetchCount } = this.#channel
    unacked.letGo()
    for (const { kind, tag, multiple } of this.#settlements) {
      if (kind === 'ack') unacked.acknowledge(tag, multiple)
      else unacked.refuse(tag, multiple, kind === 'requeue')
    }
    if (globalPrefetchCount !== 0) this.#channel.wakeConsumers()
  }

  /** A later method may have failed meanwhile: its `channel.close` waits behind this answer. */
  #answer({ refused, returned }: Outcome): void {
    const channel = this.#channel
    for (const arrival of returned) channel.returnMessage(arrival)
    if (!refused) channel.send('tx.commit-ok', {})
    else if (!channel.closing) {
      const error = new ChannelError('PRECONDITION_FAILED', 'partial tx completion')
      channel.connection.failChannel(error, channel, METHOD_ID.TX_COMMIT)
    }
  }
}

/** What was read from the bytes of a publish, apart from them. */
function lasting({ routingKeys, properties }: RoutedMessage): RoutedMessage {
  return { routingKeys, properties }
}
