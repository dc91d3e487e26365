/**
 * The way in of one channel: `basic.publish` with its content, from frames to queues, without an object a message.
 *
 * A message whose frames all lie in one chunk is read where it is; one that is cut is staged first. What the last
 * publish found out about its keys (route, permission) is remembered by their bytes.
 */
import { FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from '../limits.ts'
import type { Arrival } from '../queue/intake.ts'
import { REFUSED } from '../queue/offer.ts'
import type { RoutedMessage } from '../routing/exchange.ts'
import { REPLY_QUEUE, withAddress } from '../vhost/reply-address.ts'
import { type Route, sameBytes } from '../vhost/route-cache.ts'
import type { Traffic } from '../vhost/traffic.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'
import { FRAME_BODY, FRAME_END, FRAME_HEAD_BYTES, FRAME_HEADER, FRAME_OVERHEAD } from '../wire/frame.ts'
import { copyBytes, readU16, readU32 } from '../wire/integers.ts'
import type { Channel } from './channel.ts'
import { Content } from './content.ts'
import { fitFrames } from './fit-frames.ts'
import { senderSelected } from './sender-selected.ts'

/** Bytes of class, method and ticket before the exchange's name. */
const KEYS_OFFSET = FRAME_HEAD_BYTES + 6
const MANDATORY = 1
const IMMEDIATE = 2
/** The least bytes of a content header frame. */
const HEADER_FRAME_MIN = FRAME_OVERHEAD + 14
const BODY_SIZE_LOW = FRAME_HEAD_BYTES + 8
/** Longest pair of exchange and routing key. */
const KEYS_MAX = 512
const STAGE_MIN = 4_096

export class Publisher {
  readonly #channel: Channel
  readonly #traffic: Traffic
  readonly #frameMax: number
  readonly #content: Content
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

  /** A message whose frames are still coming: wire form so far, and the body bytes that are missing. */
  #stage: Buffer | null = null
  #staged = 0
  #stagedKeyLength = 0
  #bodyLeft = -1
  /** It has a body frame that only the input's leniency let in, and that no consumer need take. */
  #isStagedTooWide = false

  constructor(channel: Channel) {
    this.#channel = channel
    this.#traffic = channel.vhost.traffic
    this.#frameMax = channel.connection.frameMax
    this.#content = new Content(channel.broker.config.messageBytesMax)
  }

  /** @throws ConnectionError 505 when content must come next on the channel. */
  refuseMethod(): void {
    if (this.#stage === null) return
    throw new ConnectionError('UNEXPECTED_FRAME', 'expected content header or body, got a method frame instead')
  }

  /**
   * Takes the method frame at `[at, frameEnd)` and, when they are here in full before `end`, the frames of its content.
   * Answers the offset behind what was taken.
   */
  publish(buffer: Buffer, at: number, frameEnd: number, end: number): number {
    const start = at + KEYS_OFFSET
    const keyLength = keyLengthIn(buffer, start, frameEnd)
    const contentEnd = this.#wholeContent(buffer, at, frameEnd, end)
    if (contentEnd > 0) {
      this.#content.read(buffer, frameEnd + FRAME_HEAD_BYTES, headerEnd(buffer, frameEnd))
      this.#complete(buffer, start, keyLength, contentEnd)
      return contentEnd
    }
    this.#stage = Buffer.allocUnsafe(frameEnd - start + STAGE_MIN)
    this.#staged = 0
    this.#stagedKeyLength = keyLength
    this.#bodyLeft = -1
    this.#isStagedTooWide = false
    this.#add(buffer, start, frameEnd)
    return frameEnd
  }

  /**
   * Where the content behind a method frame ends when it is here in one header and at most one body frame; else 0. Frames
   * above the frame-max are left to the input, which judges them.
   */
  #wholeContent(buffer: Buffer, at: number, frameEnd: number, end: number): number {
    if (end - frameEnd < HEADER_FRAME_MIN || buffer[frameEnd] !== FRAME_HEADER) return 0
    const channel = readU16(buffer, at + 1)
    const bodyAt = headerEnd(buffer, frameEnd) + 1
    if (bodyAt > end || buffer[bodyAt - 1] !== FRAME_END || readU16(buffer, frameEnd + 1) !== channel) return 0
    const size = readU32(buffer, frameEnd + BODY_SIZE_LOW)
    const frameMax = this.#frameMax
    if (readU32(buffer, frameEnd + BODY_SIZE_LOW - 4) !== 0 || size > frameMax - FRAME_OVERHEAD) return 0
    if (bodyAt - frameEnd > frameMax) return 0
    if (size === 0) return bodyAt
    const contentEnd = bodyAt + FRAME_OVERHEAD + size
    if (contentEnd > end || buffer[bodyAt] !== FRAME_BODY || readU32(buffer, bodyAt + 3) !== size) return 0
    return buffer[contentEnd - 1] === FRAME_END && readU16(buffer, bodyAt + 1) === channel ? contentEnd : 0
  }

  /** Takes a content header frame. @throws ConnectionError 505 when none is due. */
  header(buffer: Buffer, at: number, frameEnd: number): void {
    if (this.#stage === null || this.#bodyLeft >= 0) throw unexpected('content header')
    this.#content.read(buffer, at + FRAME_HEAD_BYTES, frameEnd - 1)
    this.#bodyLeft = this.#content.bodySize
    this.#add(buffer, at, frameEnd)
    if (this.#bodyLeft === 0) this.#completeStaged()
  }

  /** Takes a body frame. @throws ConnectionError 505 when none is due. */
  body(buffer: Buffer, at: number, frameEnd: number): void {
    const bytes = frameEnd - at - FRAME_OVERHEAD
    if (this.#stage === null || this.#bodyLeft < 0) throw unexpected('content body')
    if (bytes > this.#bodyLeft) throw new ConnectionError('FRAME_ERROR', 'content body is longer than announced')
    if (bytes > FRAME_BYTES_MAX - FRAME_OVERHEAD) this.#isStagedTooWide = true
    this.#add(buffer, at, frameEnd)
    this.#bodyLeft -= bytes
    if (this.#bodyLeft === 0) this.#completeStaged()
  }

  #add(buffer: Buffer, start: number, end: number): void {
    const stage = this.#stage!
    const needed = this.#staged + end - start
    if (needed > stage.length) {
      assertStage(needed)
      const larger = Buffer.allocUnsafe(Math.max(stage.length * 2, needed))
      stage.copy(larger, 0, 0, this.#staged)
      this.#stage = larger
    }
    copyBytes(this.#stage!, this.#staged, buffer, start, end)
    this.#staged = needed
  }

  #completeStaged(): void {
    const keyLength = this.#stagedKeyLength
    if (this.#isStagedTooWide) {
      this.#stage = fitFrames(this.#stage!.subarray(0, this.#staged), keyLength, FRAME_BYTES_MAX)
      this.#staged = this.#stage.length
    }
    const stage = this.#stage!
    this.#stage = null
    const headerAt = keyLength + 2
    this.#content.read(stage, headerAt + FRAME_HEAD_BYTES, headerEnd(stage, headerAt))
    this.#complete(stage, 0, keyLength, this.#staged)
  }

  /** A whole message: exchange, routing key, bits, 0xce, header frame and body frames in `buffer[start, end)`. */
  #complete(buffer: Buffer, start: number, keyLength: number, end: number): void {
    const channel = this.#channel
    const content = this.#content
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
    const content = this.#content
    if (content.isReplyTo(buffer, REPLY_QUEUE)) {
      if (replyConsumer === null) {
        throw new ChannelError('PRECONDITION_FAILED', 'fast reply consumer does not exist')
      }
      const addressed = withAddress({ source: buffer, start, keyLength, end }, content.replyToAt, replyConsumer.address)
      const headerAt = keyLength + 2
      content.read(addressed, headerAt + FRAME_HEAD_BYTES, headerEnd(addressed, headerAt))
      this.#complete(addressed, 0, keyLength, addressed.length)
      return true
    }
    if (content.userIdAt >= 0 && !connection.isImpersonator) content.checkUserId(buffer, connection.user)
    return false
  }

  /** Replies go straight to those who wait for them, and have no queue. @throws ChannelError 403, 406. */
  #lookAt({ exchange, routingKey }: Route): RoutedMessage {
    const message = senderSelected(this.#arrival, this.#content, routingKey)
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

/** Bytes of both keys of a publish whose method frame ends at `frameEnd`. @throws ConnectionError 501. */
function keyLengthIn(buffer: Buffer, start: number, frameEnd: number): number {
  const exchangeLength = buffer[start]!
  const keyLength = 2 + exchangeLength + buffer[start + 1 + exchangeLength]!
  if (keyLength > KEYS_MAX || start + keyLength + 2 !== frameEnd) {
    throw new ConnectionError('FRAME_ERROR', 'basic.publish does not fill its frame')
  }
  return keyLength
}

/** Where the payload of the header frame at `at` ends. */
function headerEnd(buffer: Buffer, at: number): number {
  return at + FRAME_HEAD_BYTES + readU32(buffer, at + 3)
}

/** Whether the headers table at `at` may have a key `CC` or `BCC`; a look at its bytes, so that most are not decoded. */
function mayHoldCopies(buffer: Buffer, at: number): boolean {
  const end = at + 4 + readU32(buffer, at)
  for (let i = at + 5; i < end - 1; i++) {
    if (buffer[i] === 0x43 && buffer[i + 1] === 0x43 && (buffer[i - 1] === 2 || buffer[i - 1] === 0x42)) return true
  }
  return false
}

function unexpected(what: string): ConnectionError {
  return new ConnectionError('UNEXPECTED_FRAME', `expected method frame, got non method frame (${what}) instead`)
}

/** Empty body frames could grow a staged message for ever. */
function assertStage(bytes: number): void {
  if (bytes > MESSAGE_BYTES_MAX * 2) throw new ConnectionError('FRAME_ERROR', 'content is cut into too many frames')
}
