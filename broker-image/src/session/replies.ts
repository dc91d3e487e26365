/**
 * Direct reply-to [RabbitMQ "Direct Reply-to"]: a channel takes replies without a queue. A publish with `reply-to`
 * `amq.rabbitmq.reply-to` is told onward with an address behind it, and what is published to that address over the
 * default exchange goes straight to the channel. At most once: while its client leaves too much unread, replies are dropped.
 */
import { randomBytes } from 'node:crypto'
import { UNSENT_BYTES_MAX } from '../limits.ts'
import type { Arrival } from '../queue/intake.ts'
import { REPLY_ADDRESS_PREFIX, REPLY_QUEUE } from '../vhost/reply-address.ts'
import { encodeMethodFrame } from '../wire/codec.ts'
import type { Channel } from './channel.ts'
import { contentOf } from './content-frames.ts'

/** Random bytes of an address: whoever knows it may reply. */
const ADDRESS_BYTES = 24

/** Who takes the replies of a channel. */
export class ReplyConsumer {
  readonly tag: string
  readonly address = `${REPLY_ADDRESS_PREFIX}${randomBytes(ADDRESS_BYTES).toString('base64url')}`
  readonly #channel: Channel

  constructor(channel: Channel, tag: string) {
    this.#channel = channel
    this.tag = tag
  }

  /** The delivery tag is that of the next delivery, and not used up: nobody can settle a reply [RabbitMQ]. */
  deliver(arrival: Arrival): void {
    const channel = this.#channel
    const { outbox, frameMax } = channel.connection
    if (outbox.unsentBytes > UNSENT_BYTES_MAX || channel.closing) return
    const { exchange, routingKey, frames } = contentOf(arrival, channel.number, frameMax)
    const deliveryTag = channel.lastDeliveryTag + 1
    const args = { consumerTag: this.tag, deliveryTag, redelivered: false, exchange, routingKey }
    const bytes = Buffer.concat([encodeMethodFrame(channel.number, 'basic.deliver', args), frames])
    channel.answer(() => outbox.write(bytes))
  }
}

/** The channels of a node that take replies, by their addresses. */
export class Replies {
  readonly #byAddress = new Map<string, ReplyConsumer>()

  add(consumer: ReplyConsumer): void {
    this.#byAddress.set(consumer.address, consumer)
  }

  remove(consumer: ReplyConsumer): void {
    this.#byAddress.delete(consumer.address)
  }

  /** Whether a queue of this name can be said to be there. */
  has(name: string): boolean {
    return name === REPLY_QUEUE || this.#byAddress.has(name)
  }

  /** Delivers to all addresses among the routing keys, each once. */
  deliver(routingKeys: readonly string[], arrival: Arrival): void {
    for (const key of new Set(routingKeys)) this.#byAddress.get(key)?.deliver(arrival)
  }
}
