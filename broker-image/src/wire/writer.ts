/** A growing buffer with the same verbs as the reader, for frames off the hot path. */

import { ConnectionError } from './errors.ts'
import { writeU16, writeU32, writeU64 } from './integers.ts'

const SHORTSTR_BYTES_MAX = 255

export class Writer {
  #buffer: Buffer
  #size = 0
  /** The octet that takes further bits, and how many it holds. */
  #bitsAt = 0
  #bitsHeld = 0

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  get size(): number {
    return this.#size
  }

  octet(value: number): void {
    const at = this.#grow(1)
    this.#buffer[at] = value
  }

  short(value: number): void {
    const at = this.#grow(2)
    writeU16(this.#buffer, at, value)
  }

  long(value: number): void {
    const at = this.#grow(4)
    writeU32(this.#buffer, at, value)
  }

  /** A non-negative integer below 2^53. */
  longlong(value: number): void {
    const at = this.#grow(8)
    writeU64(this.#buffer, at, value)
  }

  /** The low 64 bits, two's complement. */
  bigInteger(value: bigint): void {
    const at = this.#grow(8)
    this.#buffer.writeBigUInt64BE(BigInt.asUintN(64, value), at)
  }

  double(value: number): void {
    const at = this.#grow(8)
    this.#buffer.writeDoubleBE(value, at)
  }

  bit(value: boolean): void {
    if (this.#bitsHeld === 0 || this.#bitsHeld === 8) {
      this.octet(0)
      this.#bitsAt = this.#size - 1
    }
    if (value) this.#buffer[this.#bitsAt]! |= 1 << this.#bitsHeld
    this.#bitsHeld++
  }

  /** Raises SYNTAX_ERROR for more than 255 bytes of text; whoever reports errors cuts their text before. */
  shortstr(text: string): void {
    const bytes = Buffer.byteLength(text)
    if (bytes > SHORTSTR_BYTES_MAX) throw new ConnectionError('SYNTAX_ERROR', `short string of ${bytes} bytes`)
    this.octet(bytes)
    const at = this.#grow(bytes)
    this.#buffer.write(text, at, 'utf8')
  }

  longstr(value: Buffer | string): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    this.long(bytes.length)
    this.raw(bytes)
  }

  /** Bytes without a length before them. */
  raw(bytes: Buffer): void {
    const at = this.#grow(bytes.length)
    bytes.copy(this.#buffer, at)
  }

  /** Runs `write` and puts the number of bytes that it wrote before them, as 32 bits. */
  sized(write: () => void): void {
    const at = this.#grow(4)
    write()
    writeU32(this.#buffer, at, this.#size - at - 4)
  }

  /** What was written; a view that stays valid until the next write. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size)
  }

  #grow(bytes: number): number {
    const at = this.#size
    this.#bitsHeld = 0
    this.#size += bytes
    if (this.#size > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#size, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }
}
