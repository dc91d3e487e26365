/**
 * Publishes what comes on a channel: from bytes to queues, without an object a message. What the last publish found out
 * about its keys (route, permission) is remembered by their bytes.
 */
import type { Arrival } from '../queue/intake.ts'
import { REFUSED } from '../queue/offer.ts'
import type { RoutedMessage } from '../routing/exchange.ts'
import { REPLY_QUEUE, withAddress } from '../vhost/reply-address.ts'
import { type Route, sameBytes } from '../vhost/route-cache.ts'
import type { Traffic } from '../vhost/traffic.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'
import { FRAME_HEAD_BYTES, payloadEnd } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import type { Channel } from './channel.ts'
import { Content } from './content.ts'
import { senderSelected } from './sender-selected.ts'

const MANDATORY = 1
const IMMEDIATE = 2

export class Publisher {
  /** What the message says about itself, to be read before it is published. */
  readonly content: Content
  readonly #channel: Channel
  readonly #traffic: Traffic
  readonly #arrival: Arrival = {
    source: Buffer.alloc(0),
    start: 0,
    keyLength: 0,
    end: 0,
    size: 0,
    persistent: false,
    ttlMs: Number.POSITIVE_INFINITY,
  }

  #memoKey: Buffer = Buffer.alloc(0)
  #memoRoute: Route | null = null
  #memoRoutesVersion = 0
  #memoAccessVersion = 0

  constructor(channel: Channel) {
    this.#channel = channel
    this.#traffic = channel.vhost.traffic
    this.content = new Content(channel.broker.config.messageBytesMax)
  }

  /**
   * Publishes a whole message: exchange, routing key, bits, 0xce, header frame and body frames in `buffer[start, end)`.
   * @throws ChannelError 403, 404, 406; ConnectionError 540.
   */
  publish(buffer: Buffer, start: number, keyLength: number, end: number): void {
    const channel = this.#channel
    const content = this.content
    const bits = buffer[start + keyLength]!
    if ((bits & IMMEDIATE) !== 0) throw new ConnectionError('NOT_IMPLEMENTED', 'immediate=true')
    const route = this.#route(buffer, start, start + keyLength)
    if (content.namesSomebody && this.#tookWithNames(buffer, start, keyLength, end)) return
    const arrival = this.#arrival
    arrival.source = buffer
    arrival.start = start
    arrival.keyLength = keyLength
    arrival.end = end
    arrival.size = content.bodySize
    arrival.persistent = content.persistent
    arrival.ttlMs = content.expirationMs(buffer)
    const isPlain = !route.needsMessage && (content.headersAt < 0 || !mayHoldCopies(buffer, content.headersAt))
    const message = isPlain ? null : this.#lookAt(route)
    const queues = this.#traffic.queuesOfPublish(arrival, route, message, channel)
    const isMandatory = (bits & MANDATORY) !== 0
    if (channel.transaction !== null) {
      channel.transaction.publish(arrival, { exchange: route.exchange, message, queues }, isMandatory)
      return
    }
    const batch = this.#traffic.accept(arrival, route.exchange, queues, message)
    // What exchanges keep, and no queue takes now, is returned all the same, as by RabbitMQ's plugins.
    if (isMandatory && queues.length === 0) channel.returnMessage(arrival)
    this.#confirm(batch)
  }

  /**
   * Looks at who a message says it is from, and where replies go. True when it was taken in another form: with the
   * address of this channel's reply consumer.
   * @throws ChannelError 406.
   */
  #tookWithNames(buffer: Buffer, start: number, keyLength: number, end: number): boolean {
    const { connection, replyConsumer } = this.#channel
    const content = this.content
    if (content.isReplyTo(buffer, REPLY_QUEUE)) {
      if (replyConsumer === null) {
        throw new ChannelError('PRECONDITION_FAILED', 'fast reply consumer does not exist')
      }
      const addressed = withAddress({ source: buffer, start, keyLength, end }, content.replyToAt, replyConsumer.address)
      const headerAt = keyLength + 2
      content.read(addressed, headerAt + FRAME_HEAD_BYTES, payloadEnd(addressed, headerAt))
      this.publish(addressed, 0, keyLength, addressed.length)
      return true
    }
    if (content.userIdAt >= 0 && !connection.isImpersonator) content.checkUserId(buffer, connection.user)
    return false
  }

  /** Replies go straight to those who wait for them, and have no queue. @throws ChannelError 403, 406. */
  #lookAt({ exchange, routingKey }: Route): RoutedMessage {
    const message = senderSelected(this.#arrival, this.content, routingKey)
    if (message.routingKeys.length > 1) this.#channel.assertMayPublishTo(exchange, message.routingKeys)
    if (exchange.name === '') this.#channel.broker.replies.deliver(message.routingKeys, this.#arrival)
    return message
  }

  #confirm(batch: number): void {
    const { confirms, broker } = this.#channel
    if (confirms === null) return
    if (batch === REFUSED) confirms.refused()
    else if (confirms.published(batch)) broker.confirmWhenStable(confirms)
  }

  /** The route of the keys, and the right to publish there. @throws ChannelError 403, 404. */
  #route(buffer: Buffer, start: number, end: number): Route {
    const { broker } = this.#channel
    const traffic = this.#traffic
    const memo = this.#memoRoute
    if (
      memo !== null &&
      this.#memoRoutesVersion === traffic.routesVersion &&
      this.#memoAccessVersion === broker.access.version &&
      sameBytes(this.#memoKey, buffer, start, end)
    ) {
      return memo
    }
    const route = traffic.route(buffer, start, end)
    this.#channel.assertMayPublish(route)
    this.#memoKey = Buffer.from(buffer.subarray(start, end))
    this.#memoRoute = route
    this.#memoRoutesVersion = traffic.routesVersion
    this.#memoAccessVersion = broker.access.version
    return route
  }
}

/** Whether the headers table at `at` may have a key `CC` or `BCC`; a look at its bytes, so that most are not decoded. */
function mayHoldCopies(buffer: Buffer, at: number): boolean {
  const end = at + 4 + readU32(buffer, at)
  for (let i = at + 5; i < end - 1; i++) {
    if (buffer[i] === 0x43 && buffer[i + 1] === 0x43 && (buffer[i - 1] === 2 || buffer[i - 1] === 0x42)) return true
  }
  return false
}
