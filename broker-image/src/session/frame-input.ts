/** Cuts what a socket delivers into whole frames, wherever the chunks were cut. */
import { ConnectionError } from '../wire/errors.ts'
import { FRAME_BODY, FRAME_HEAD_BYTES, FRAME_HEARTBEAT, FRAME_METHOD, FRAME_OVERHEAD } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'

/** Takes whole frames of `buffer[start, end)`, as many as it has room for; answers the offset behind the last. */
export type TakeFrames = (buffer: Buffer, start: number, end: number) => number

/** Larger buffers are not kept. */
const SPARE_BYTES_MAX = 32_768

export class FrameInput {
  /** Largest whole frame that was agreed on. Some clients count only what is in it, and like RabbitMQ we let them. */
  frameMax: number
  readonly #take: TakeFrames
  /** The start of a frame whose rest has not come; null most of the time. */
  #carry: Buffer | null = null
  #carried = 0
  /** The buffer of a frame that was carried, for the next one: records of TLS cut every larger frame. */
  #spare: Buffer | null = null
  /** Whole frames that were not taken, and what came behind them. */
  #left: Buffer | null = null

  constructor(frameMax: number, take: TakeFrames) {
    this.frameMax = frameMax
    this.#take = take
  }

  /** Frames wait that their taker had no room for; `feed` takes no more until they are fed anew. */
  get hasLeft(): boolean {
    return this.#left !== null
  }

  /** The bytes of what was not taken, to be fed when there is room. */
  takeLeft(): Buffer {
    const left = this.#left ?? Buffer.alloc(0)
    this.#left = null
    return left
  }

  /** Takes `chunk`, which may be used again afterwards. @throws ConnectionError 501. */
  feed(chunk: Buffer): void {
    if (this.#left !== null) {
      this.#left = Buffer.concat([this.#left, chunk])
      return
    }
    let at = this.#carry === null ? 0 : this.#completeCarry(chunk)
    if (at < 0) return
    at = this.#take(chunk, at, chunk.length)
    if (at < chunk.length) this.#keep(chunk, at)
  }

  /** Fills up the frame that is being carried. Answers where the next one starts; -1 when the chunk ends before. */
  #completeCarry(chunk: Buffer): number {
    let at = 0
    if (this.#carried < FRAME_HEAD_BYTES) at = this.#append(chunk, 0, FRAME_HEAD_BYTES)
    if (this.#carried < FRAME_HEAD_BYTES) return -1
    const bytes = this.frameBytes(this.#carry!, 0)
    at = this.#append(chunk, at, bytes)
    if (this.#carried < bytes) return -1
    const frame = this.#carry!
    this.#carry = null
    if (this.#take(frame, 0, bytes) > 0) {
      if (frame.length <= SPARE_BYTES_MAX) this.#spare = frame
      return at
    }
    this.#left = Buffer.concat([frame.subarray(0, bytes), chunk.subarray(at)])
    return -1
  }

  /** Adds to the carried bytes until there are `upTo`. Answers the offset behind what was taken from the chunk. */
  #append(chunk: Buffer, at: number, upTo: number): number {
    if (upTo > this.#carry!.length) {
      const larger = this.#roomFor(upTo)
      this.#carry!.copy(larger, 0, 0, this.#carried)
      this.#carry = larger
    }
    const count = Math.min(upTo - this.#carried, chunk.length - at)
    chunk.copy(this.#carry!, this.#carried, at, at + count)
    this.#carried += count
    return at + count
  }

  #keep(chunk: Buffer, at: number): void {
    const rest = chunk.length - at
    const bytes = rest >= FRAME_HEAD_BYTES ? this.frameBytes(chunk, at) : FRAME_HEAD_BYTES
    if (rest >= bytes) {
      this.#left = Buffer.from(chunk.subarray(at))
      return
    }
    this.#carry = this.#roomFor(bytes)
    this.#carried = chunk.copy(this.#carry, 0, at)
  }

  #roomFor(bytes: number): Buffer {
    const spare = this.#spare
    if (spare === null || spare.length < bytes) return Buffer.allocUnsafe(bytes)
    this.#spare = null
    return spare
  }

  /** Size of the whole frame whose head stands at `at`. @throws ConnectionError 501 when it can't be one. */
  frameBytes(buffer: Buffer, at: number): number {
    const type = buffer[at]!
    if (type < FRAME_METHOD || (type > FRAME_BODY && type !== FRAME_HEARTBEAT)) {
      throw new ConnectionError('FRAME_ERROR', `type ${type} is not a frame type`)
    }
    const payloadBytes = readU32(buffer, at + 3)
    if (payloadBytes > this.frameMax) {
      const bytes = payloadBytes + FRAME_OVERHEAD
      throw new ConnectionError('FRAME_ERROR', `frame of ${bytes} bytes is above the maximum of ${this.frameMax}`)
    }
    return payloadBytes + FRAME_OVERHEAD
  }
}
