/** A growing buffer with the same verbs as the reader, for frames off the hot path. */

import { ConnectionError } from './errors.ts'
import { writeU16, writeU32, writeU64 } from './integers.ts'

const SHORTSTR_BYTES_MAX = 255
const ASCII_MAX = 127
/** Of one UTF-16 code unit. */
const UTF8_BYTES_MAX = 3

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
    const at = this.#grow(1)
    const bytes = this.#text(text)
    if (bytes > SHORTSTR_BYTES_MAX) throw new ConnectionError('SYNTAX_ERROR', `short string of ${bytes} bytes`)
    this.#buffer[at] = bytes
  }

  longstr(value: Buffer | string): void {
    const at = this.#grow(4)
    if (typeof value !== 'string') this.raw(value)
    else this.#text(value)
    writeU32(this.#buffer, at, this.#size - at - 4)
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

  /** Answers the number of bytes. Short texts of ASCII are written here: the call into native code costs more. */
  #text(text: string): number {
    const { length } = text
    const at = this.#grow(length * UTF8_BYTES_MAX)
    let end = at
    if (length <= SHORTSTR_BYTES_MAX) {
      const buffer = this.#buffer
      while (end - at < length) {
        const code = text.charCodeAt(end - at)
        if (code > ASCII_MAX) break
        buffer[end++] = code
      }
    }
    if (end - at < length) end = at + this.#buffer.write(text, at, 'utf8')
    this.#size = end
    return end - at
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
