/**
 * The frames of a `basic.publish` [AMQP 4.2.6] put together, without an object a message. One whose frames all lie in one
 * chunk is read where it is; one that is cut is staged first.
 */
import { FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from '../limits.ts'
import { ConnectionError } from '../wire/errors.ts'
import { FRAME_BODY, FRAME_END, FRAME_HEAD_BYTES, FRAME_HEADER, FRAME_OVERHEAD, payloadEnd } from '../wire/frame.ts'
import { copyBytes, readU16, readU32 } from '../wire/integers.ts'
import type { Content } from './content.ts'
import { fitFrames } from './fit-frames.ts'
import type { Publisher } from './publisher.ts'

/** Bytes of class, method and ticket before the exchange's name. */
const KEYS_OFFSET = FRAME_HEAD_BYTES + 6
/** The least bytes of a content header frame. */
const HEADER_FRAME_MIN = FRAME_OVERHEAD + 14
const BODY_SIZE_LOW = FRAME_HEAD_BYTES + 8
/** Longest pair of exchange and routing key. */
const KEYS_MAX = 512
const STAGE_MIN = 4_096

export class Assembly {
  readonly #publisher: Publisher
  readonly #content: Content
  readonly #frameMax: number
  /** A message whose frames are still coming: wire form so far, and the body bytes that are missing. */
  #stage: Buffer | null = null
  #staged = 0
  #stagedKeyLength = 0
  #bodyLeft = -1
  /** It has a body frame that only the input's leniency let in, and that no consumer need take. */
  #isStagedTooWide = false

  /** `publisher` gets whole messages, of which its `content` has been read. */
  constructor(publisher: Publisher, frameMax: number) {
    this.#publisher = publisher
    this.#content = publisher.content
    this.#frameMax = frameMax
  }

  /** @throws ConnectionError 505 when content must come next on the channel. */
  refuseMethod(): void {
    if (this.#stage === null) return
    throw new ConnectionError('UNEXPECTED_FRAME', 'expected content header or body, got a method frame instead')
  }

  /**
   * Takes the method frame at `[at, frameEnd)` and, when they are here in full before `end`, the frames of its content.
   * Answers the offset behind what was taken. @throws ConnectionError 501, and what publishing throws.
   */
  method(buffer: Buffer, at: number, frameEnd: number, end: number): number {
    const start = at + KEYS_OFFSET
    const keyLength = keyLengthIn(buffer, start, frameEnd)
    const contentEnd = this.#wholeContent(buffer, at, frameEnd, end)
    if (contentEnd > 0) {
      this.#content.read(buffer, frameEnd + FRAME_HEAD_BYTES, payloadEnd(buffer, frameEnd))
      this.#publisher.publish(buffer, start, keyLength, contentEnd)
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
    const bodyAt = payloadEnd(buffer, frameEnd) + 1
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
    this.#content.read(stage, headerAt + FRAME_HEAD_BYTES, payloadEnd(stage, headerAt))
    this.#publisher.publish(stage, 0, keyLength, this.#staged)
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

function unexpected(what: string): ConnectionError {
  return new ConnectionError('UNEXPECTED_FRAME', `expected method frame, got non method frame (${what}) instead`)
}

/** Empty body frames could grow a staged message for ever. */
function assertStage(bytes: number): void {
  if (bytes > MESSAGE_BYTES_MAX * 2) throw new ConnectionError('FRAME_ERROR', 'content is cut into too many frames')
}
