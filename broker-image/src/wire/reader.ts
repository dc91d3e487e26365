/** A cursor over the argument bytes of a method or content header [AMQP 4.2.5]; it never reads past its end. */

import { isUtf8 } from 'node:buffer'
import { ConnectionError } from './errors.ts'
import { readU16, readU32, readU64 } from './integers.ts'

/** Every verb raises FRAME_ERROR, as RabbitMQ does, when the bytes end before the value does. */
export class Reader {
  readonly #buffer: Buffer
  readonly #end: number
  #offset: number
  #bits = 0
  #bitsLeft = 0

  /** Reads `buffer[offset, end)`. */
  constructor(buffer: Buffer, offset: number, end: number) {
    this.#buffer = buffer
    this.#offset = offset
    this.#end = Math.min(end, buffer.length)
  }

  get offset(): number {
    return this.#offset
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#end - this.#offset
  }

  octet(): number {
    return this.#buffer[this.#take(1)]!
  }

  short(): number {
    return readU16(this.#buffer, this.#take(2))
  }

  long(): number {
    return readU32(this.#buffer, this.#take(4))
  }

  /** An unsigned 64 bit integer; raises SYNTAX_ERROR from 2^53. */
  longlong(): number {
    return readU64(this.#buffer, this.#take(8))
  }

  /** The same 64 bits for those who need all of them. */
  bigUnsigned(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8))
  }

  float(): number {
    return this.#buffer.readFloatBE(this.#take(4))
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#take(8))
  }

  /** Adjacent bits share an octet, lowest bit first [AMQP 4.2.5.2]. */
  bit(): boolean {
    if (this.#bitsLeft === 0) {
      this.#bits = this.octet()
      this.#bitsLeft = 8
    }
    const value = (this.#bits & 1) === 1
    this.#bits >>>= 1
    this.#bitsLeft--
    return value
  }

  /** Up to 255 bytes of text; raises FRAME_ERROR when they are not UTF-8, as RabbitMQ does for method arguments. */
  shortstr(): string {
    const bytes = this.#view(this.octet())
    if (!isUtf8(bytes)) throw new ConnectionError('FRAME_ERROR', 'short string is not UTF-8')
    return bytes.toString('utf8')
  }

  /**
   * A short string where RabbitMQ does not check the encoding: properties and keys of tables. When it is not UTF-8,
   * each byte beyond ASCII becomes one `?`, so that the text still fits a short string.
   */
  shortstrLenient(): string {
    const bytes = this.#view(this.octet())
    return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1').replace(/[\x80-\xff]/g, '?')
  }

  /** A copy, so that it may be kept after the read buffer is used again. */
  longstr(): Buffer {
    return Buffer.from(this.#view(this.long()))
  }

  /** A reader over the next `size` bytes, which this one steps over. */
  part(size: number): Reader {
    const start = this.#take(size)
    return new Reader(this.#buffer, start, start + size)
  }

  #view(size: number): Buffer {
    const start = this.#take(size)
    return this.#buffer.subarray(start, start + size)
  }

  #take(size: number): number {
    const start = this.#offset
    if (size > this.#end - start)
      throw new ConnectionError('FRAME_ERROR', `${size} bytes expected at the end of a frame`)
    this.#bitsLeft = 0
    this.#offset = start + size
    return start
  }
}
