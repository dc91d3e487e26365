/**
 * What a publish says about itself, read in place from its header frame: sizes and flags, no objects.
 * Every property is walked once, so that nothing malformed reaches a consumer.
 */
import { ChannelError, ConnectionError } from '../wire/errors.ts'
import { expirationMs } from '../wire/expiration.ts'
import { CLASS_BASIC, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU16, readU64 } from '../wire/integers.ts'
import { FLAG, FLAGS_FORBIDDEN } from '../wire/properties.ts'
import { checkTable } from '../wire/table-check.ts'

/** Properties behind `priority` in wire order; all are short strings but the timestamp. */
const LATER_FLAGS = [
  FLAG.correlationId,
  FLAG.replyTo,
  FLAG.expiration,
  FLAG.messageId,
  FLAG.timestamp,
  FLAG.type,
  FLAG.userId,
  FLAG.appId,
  FLAG.clusterId,
] as const
const ANY_LATER = 0x07fc
const TIMESTAMP_BYTES = 8
const PERSISTENT = 2

export class Content {
  readonly #bodyBytesMax: number
  bodySize = 0
  persistent = false
  /** Offset of the headers table, -1 when there is none. */
  headersAt = -1
  /** Offset of the short strings, -1 when there are none. */
  expirationAt = -1
  userIdAt = -1
  replyToAt = -1

  /** `bodyBytesMax`: what `max_message_size` allows. */
  constructor(bodyBytesMax: number) {
    this.#bodyBytesMax = bodyBytesMax
  }

  /**
   * Reads the header frame whose payload is `buffer[start, end)`.
   * @throws ConnectionError 501/502 when it is malformed, ChannelError 406 when the body is too large.
   */
  read(buffer: Buffer, start: number, end: number): void {
    if (end - start < HEADER_FLAGS_OFFSET + 2) throw new ConnectionError('FRAME_ERROR', 'content header is too short')
    if (readU16(buffer, start) !== CLASS_BASIC) {
      throw new ConnectionError('UNEXPECTED_FRAME', `content header of class ${readU16(buffer, start)}`)
    }
    this.bodySize = readU64(buffer, start + 4)
    if (this.bodySize > this.#bodyBytesMax) {
      throw new ChannelError(
        'PRECONDITION_FAILED',
        `message size ${this.bodySize} is larger than configured max size ${this.#bodyBytesMax}`,
      )
    }
    const flags = readU16(buffer, start + HEADER_FLAGS_OFFSET)
    this.persistent = false
    this.headersAt = -1
    this.expirationAt = -1
    this.userIdAt = -1
    this.replyToAt = -1
    const at = this.#walk(buffer, start + HEADER_FLAGS_OFFSET + 2, flags, end)
    if (at !== end) throw new ConnectionError('FRAME_ERROR', 'content properties do not fill their frame')
  }

  /** The message has a `user-id` or a `reply-to`: one test for both, since most have neither. */
  get namesSomebody(): boolean {
    return (this.userIdAt & this.replyToAt) >= 0
  }

  /** Whether the `reply-to` property says `name`. */
  isReplyTo(buffer: Buffer, name: string): boolean {
    return this.replyToAt >= 0 && shortString(buffer, this.replyToAt) === name
  }

  /** Milliseconds of the `expiration` property; Infinity when there is none. @throws ChannelError 406. */
  expirationMs(buffer: Buffer): number {
    return this.expirationAt < 0 ? Number.POSITIVE_INFINITY : expirationMs(shortString(buffer, this.expirationAt))
  }

  /** @throws ChannelError 406 when the `user-id` property names somebody else [RabbitMQ `validated-user-id`]. */
  checkUserId(buffer: Buffer, user: string): void {
    const claimed = shortString(buffer, this.userIdAt)
    if (claimed === user) return
    throw new ChannelError(
      'PRECONDITION_FAILED',
      `user_id property set to '${claimed}' but authenticated user was '${user}'`,
    )
  }

  #walk(buffer: Buffer, from: number, flags: number, end: number): number {
    if ((flags & FLAGS_FORBIDDEN) !== 0) throw new ConnectionError('FRAME_ERROR', 'unknown property flags')
    let at = from
    if ((flags & FLAG.contentType) !== 0) at += 1 + byteAt(buffer, at, end)
    if ((flags & FLAG.contentEncoding) !== 0) at += 1 + byteAt(buffer, at, end)
    if ((flags & FLAG.headers) !== 0) {
      this.headersAt = at
      at = checkTable(buffer, at, end)
    }
    if ((flags & FLAG.deliveryMode) !== 0) {
      this.persistent = byteAt(buffer, at, end) === PERSISTENT
      at++
    }
    if ((flags & FLAG.priority) !== 0) at++
    return (flags & ANY_LATER) === 0 ? at : this.#walkLater(buffer, at, flags, end)
  }

  #walkLater(buffer: Buffer, from: number, flags: number, end: number): number {
    let at = from
    for (const flag of LATER_FLAGS) {
      if ((flags & flag) === 0) continue
      if (flag === FLAG.expiration) this.expirationAt = at
      if (flag === FLAG.userId) this.userIdAt = at
      if (flag === FLAG.replyTo) this.replyToAt = at
      at += flag === FLAG.timestamp ? TIMESTAMP_BYTES : 1 + byteAt(buffer, at, end)
    }
    return at
  }
}

function byteAt(buffer: Buffer, at: number, end: number): number {
  if (at >= end) throw new ConnectionError('FRAME_ERROR', 'content properties are cut off')
  return buffer[at]!
}

function shortString(buffer: Buffer, at: number): string {
  return buffer.toString('utf8', at + 1, at + 1 + buffer[at]!)
}
