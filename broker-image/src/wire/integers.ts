/** Big-endian integers and small copies in place: by shifts and byte loops, which measured faster than Buffer's methods. */

import { ConnectionError } from './errors.ts'

const TWO_POW_32 = 4_294_967_296
/** Upper half of the largest integer that a number holds exactly. */
const HIGH_HALF_MAX = 0x1f_ffff
/** Up to here a byte loop beats a native copy. */
const LOOP_BYTES_MAX = 20

export function readU16(buffer: Buffer, offset: number): number {
  return (buffer[offset]! << 8) | buffer[offset + 1]!
}

export function readU32(buffer: Buffer, offset: number): number {
  return (
    ((buffer[offset]! << 24) | (buffer[offset + 1]! << 16) | (buffer[offset + 2]! << 8) | buffer[offset + 3]!) >>> 0
  )
}

/** Reads an unsigned 64 bit integer; raises SYNTAX_ERROR when a number can't hold it (from 2^53). */
export function readU64(buffer: Buffer, offset: number): number {
  const high = readU32(buffer, offset)
  if (high > HIGH_HALF_MAX) throw new ConnectionError('SYNTAX_ERROR', 'integer above 2^53')
  return high * TWO_POW_32 + readU32(buffer, offset + 4)
}

export function writeU16(buffer: Buffer, offset: number, value: number): void {
  buffer[offset] = value >>> 8
  buffer[offset + 1] = value
}

export function writeU32(buffer: Buffer, offset: number, value: number): void {
  buffer[offset] = value >>> 24
  buffer[offset + 1] = value >>> 16
  buffer[offset + 2] = value >>> 8
  buffer[offset + 3] = value
}

/** Writes a non-negative integer below 2^53 as 64 bits. */
export function writeU64(buffer: Buffer, offset: number, value: number): void {
  writeU32(buffer, offset, value < TWO_POW_32 ? 0 : value / TWO_POW_32)
  writeU32(buffer, offset + 4, value)
}

/** Copies `source[start, end)` to `target` at `at`; the caller has made sure that it fits. */
export function copyBytes(target: Buffer, at: number, source: Buffer, start: number, end: number): void {
  if (end - start > LOOP_BYTES_MAX) {
    source.copy(target, at, start, end)
    return
  }
  for (let i = start, to = at; i < end; i++, to++) target[to] = source[i]!
}
