/**
 * The layout of log entries, and the cheap accessors that deliveries use on them.
 *
 * ```
 * every entry    0 length u32 (whole entry) | 4 type u8 | 5 flags u8 | 6 …
 * enqueue        6 key length u16 | 8 targets u16 | 10 zero u16 | 12 targets… | wire form
 *   a target       queue id u32 | seq u64 | expires at, ms since 1970, u64 (only with FLAG_EXPIRY; 0 = never)
 *   wire form      exchange shortstr | routing-key shortstr | bits u8 | 0xCE | content header frame | body frames
 * settle         5 reason u8 | 6 zero u16 | 8 queue id u32 | 12 first seq u64 | 20 count u32
 * return         6 zero u16 | 8 queue id u32 | 12 seq u64 | 20 delivery count u32
 * purge          6 zero u16 | 8 queue id u32 | 12 before seq u64
 * queue delete   6 zero u16 | 8 queue id u32
 * definition     6 zero u16 | 8 bytes…
 * ```
 * Integers are big-endian. `docs/log-format.md` has the batches and files around the entries.
 */
import { readU16, readU32, readU64, writeU16, writeU32, writeU64 } from '../wire/integers.ts'

export const ENTRY_ENQUEUE = 1
export const ENTRY_SETTLE = 2
export const ENTRY_RETURN = 3
export const ENTRY_PURGE = 4
export const ENTRY_QUEUE_DELETE = 5
export const ENTRY_DEFINITION = 6

/** Enqueue flag: the message is persistent. Bits 1 to 5 belong to the caller. */
export const FLAG_PERSISTENT = 0x01
/** Enqueue flag, set by the log alone: each target has an expiry time. */
export const FLAG_EXPIRY = 0x80
/** Enqueue flag, set by the cleaner alone: the message stood elsewhere in the log before, and stands here now. */
export const FLAG_MOVED = 0x40

export const ENTRY_HEADER_BYTES = 8
export const ENQUEUE_HEADER_BYTES = 12
export const SETTLE_BYTES = 24
export const RETURN_BYTES = 24
export const PURGE_BYTES = 20
export const QUEUE_DELETE_BYTES = 12
const TARGET_BYTES = 12
const TARGET_EXPIRY_BYTES = 20

/** Where one message goes. One object may be used again for every message: nothing of it is kept. */
export interface EnqueueHeader {
  /** Bit 0 is FLAG_PERSISTENT, bits 1 to 5 are the caller's, bit 6 is FLAG_MOVED, bit 7 must be clear. */
  flags: number
  /** Bytes of the exchange and routing-key short strings at the start of the wire form. */
  keyLength: number
  /** Bytes of the body; not written here, since the wire form says it. */
  bodyBytes: number
  /** Targets used of the arrays below, 1 to 65,535; a message with more targets is appended more than once. */
  targetCount: number
  queueIds: Uint32Array
  seqs: Float64Array
  /** Milliseconds since 1970; 0 = never. */
  expiresAtMs: Float64Array
}

/** Bytes of one target of an enqueue entry with these flags. */
export function targetBytes(flags: number): number {
  return (flags & FLAG_EXPIRY) === 0 ? TARGET_BYTES : TARGET_EXPIRY_BYTES
}

/** Offset of the message's wire form in the entry at `offset`. */
export function wireStart(buffer: Buffer, offset: number): number {
  return offset + ENQUEUE_HEADER_BYTES + readU16(buffer, offset + 8) * targetBytes(buffer[offset + 5]!)
}

/** Offset behind the entry at `offset`; an enqueue's wire form ends there. */
export function entryEnd(buffer: Buffer, offset: number): number {
  return offset + readU32(buffer, offset)
}

/** One of the ENTRY_ constants. */
export function entryTypeAt(buffer: Buffer, offset: number): number {
  return buffer[offset + 4]!
}

/** Bytes of both short strings at the start of the wire form. */
export function keyLengthAt(buffer: Buffer, offset: number): number {
  return readU16(buffer, offset + 6)
}

/** Flags as the caller gave them, FLAG_EXPIRY added where the entry has expiry times. */
export function flagsAt(buffer: Buffer, offset: number): number {
  return buffer[offset + 5]!
}

/** Milliseconds since 1970 at which the message expires in queue `queueId`; 0 = never. */
export function targetExpiryAt(buffer: Buffer, offset: number, queueId: number): number {
  if ((buffer[offset + 5]! & FLAG_EXPIRY) === 0) return 0
  const at = targetAt(buffer, offset, queueId)
  return at < 0 ? 0 : readU64(buffer, at + 12)
}

function targetAt(buffer: Buffer, offset: number, queueId: number): number {
  const end = wireStart(buffer, offset)
  const step = targetBytes(buffer[offset + 5]!)
  for (let at = offset + ENQUEUE_HEADER_BYTES; at < end; at += step) if (readU32(buffer, at) === queueId) return at
  return -1
}

/** True if any target expires, and the entry so needs expiry times. */
export function hasExpiry(header: EnqueueHeader): boolean {
  for (let i = 0; i < header.targetCount; i++) if (header.expiresAtMs[i] !== 0) return true
  return false
}

/** Bytes of the enqueue entry for a wire form of `wireBytes`. */
export function enqueueBytes(header: EnqueueHeader, expiry: boolean, wireBytes: number): number {
  return ENQUEUE_HEADER_BYTES + header.targetCount * (expiry ? TARGET_EXPIRY_BYTES : TARGET_BYTES) + wireBytes
}

/** Writes the part of an enqueue entry before its wire form; answers where the wire form goes. */
export function putEnqueueHeader(buffer: Buffer, offset: number, header: EnqueueHeader, length: number): number {
  const expiry = hasExpiry(header)
  writeU32(buffer, offset, length)
  buffer[offset + 4] = ENTRY_ENQUEUE
  buffer[offset + 5] = expiry ? header.flags | FLAG_EXPIRY : header.flags
  writeU16(buffer, offset + 6, header.keyLength)
  writeU16(buffer, offset + 8, header.targetCount)
  writeU16(buffer, offset + 10, 0)
  let at = offset + ENQUEUE_HEADER_BYTES
  for (let i = 0; i < header.targetCount; i++) {
    writeU32(buffer, at, header.queueIds[i]!)
    writeU64(buffer, at + 4, header.seqs[i]!)
    if (expiry) writeU64(buffer, at + 12, header.expiresAtMs[i]!)
    at += expiry ? TARGET_EXPIRY_BYTES : TARGET_BYTES
  }
  return at
}

/** Writes the first eight bytes of an entry that is no enqueue. */
export function putEntryHeader(buffer: Buffer, offset: number, length: number, typeAndFlags: number): void {
  writeU32(buffer, offset, length)
  writeU16(buffer, offset + 4, typeAndFlags)
  writeU16(buffer, offset + 6, 0)
}
