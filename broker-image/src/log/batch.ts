/**
 * The layout of batches and of a segment file's header: what is written by one group commit, and how it is checked.
 *
 * ```
 * segment file   header 64 B | batch | batch | … | old or zero bytes
 * file header    0 "WARRENLG" | 8 version u32 | 12 shard u32 | 16 identity u32 | 20 zero u32
 *                24 base LSN u64 | 32 file size u32 | 36 zeros | 60 crc32 of bytes 0 to 59
 * batch          0 "WBAT" | 4 crc32 of byte 8 to the end | 8 length u32 | 12 entries u32 | 16 first LSN u64
 *                24 time ms u64 | 32 epoch u32 | 36 mark u32 | 40 entry | entry | …
 * ```
 * The mark of a batch is the crc of its file's header. So a batch that an earlier use of the file left behind never
 * passes for one of this use, and neither do bytes that a client made up: it can't know the log's identity.
 */
import { crc32 } from 'node:zlib'
import { readU32, readU64, writeU32, writeU64 } from '../wire/integers.ts'
import { LogCorruptError, LogVersionError } from './errors.ts'

/**
 * What is written. Since version 2 a message may be moved, and a delivery count may say that it is dead; all that
 * version 1 knows means the same.
 */
export const FORMAT_VERSION = 2
/** What is read. A segment is gone on with only in the version that is written, so that no older Warren misreads it. */
export const FORMAT_VERSIONS_READ: readonly number[] = [1, FORMAT_VERSION]
/** Where headers of segments and checkpoints have their version. */
const VERSION_AT = 8
export const SEGMENT_HEADER_BYTES = 64
export const BATCH_HEADER_BYTES = 40

const SEGMENT_MAGIC = Buffer.from('WARRENLG', 'latin1')
const BATCH_MAGIC = Buffer.from('WBAT', 'latin1')
const BATCH_MAGIC_U32 = BATCH_MAGIC.readUInt32BE(0)
/** Where the header of a segment has its checksum. */
export const HEADER_CRC_AT = 60
const BATCH_CRC_FROM = 8
/** Where a batch has the checksum of its segment's header. */
export const BATCH_MARK_AT = 36

/** What the header of a segment file says. */
export interface SegmentHeader {
  shardId: number
  /** Chosen at random when the log was made; the same in all its files. */
  identity: number
  /** LSN of the first entry of the segment. */
  baseLsn: number
  /** Bytes of the file. */
  bytes: number
}

/** The header as it was read: one of FORMAT_VERSIONS_READ. */
export interface VersionedHeader extends SegmentHeader {
  version: number
}

/** Fields of a batch that its entries do not have. */
export interface BatchHeader {
  firstLsn: number
  entries: number
  timeMs: number
  epoch: number
}

/** Writes the header at byte 0; in another version than FORMAT_VERSION only to mend one. */
export function putSegmentHeader(buffer: Buffer, header: SegmentHeader, version = FORMAT_VERSION): void {
  buffer.fill(0, 0, SEGMENT_HEADER_BYTES)
  SEGMENT_MAGIC.copy(buffer, 0)
  writeU32(buffer, VERSION_AT, version)
  writeU32(buffer, 12, header.shardId)
  writeU32(buffer, 16, header.identity)
  writeU64(buffer, 24, header.baseLsn)
  writeU32(buffer, 32, header.bytes)
  writeU32(buffer, HEADER_CRC_AT, crc32(buffer.subarray(0, HEADER_CRC_AT)))
}

/**
 * Reads the header of a segment file; null if the file was never used (all zeros).
 * Throws LogCorruptError, or LogVersionError for a format of another version.
 */
export function readSegmentHeader(buffer: Buffer, file: string): VersionedHeader | null {
  const header = buffer.subarray(0, SEGMENT_HEADER_BYTES)
  if (header.every(byte => byte === 0)) return null
  if (!header.subarray(0, 8).equals(SEGMENT_MAGIC)) throw new LogCorruptError(file, 0, 'this is no segment of a log')
  requireVersion(header, file)
  if (crc32(header.subarray(0, HEADER_CRC_AT)) !== readU32(header, HEADER_CRC_AT)) {
    throw new LogCorruptError(file, 0, 'the checksum of the segment header is wrong')
  }
  return {
    version: readU32(header, VERSION_AT),
    shardId: readU32(header, 12),
    identity: readU32(header, 16),
    baseLsn: readU64(header, 24),
    bytes: readU32(header, 32),
  }
}

/** The version of a segment's header, or of a checkpoint, is one that is read. Throws LogVersionError or LogCorruptError. */
export function requireVersion(header: Buffer, file: string): void {
  const version = readU32(header, VERSION_AT)
  if (version === 0) throw new LogCorruptError(file, VERSION_AT, 'there is no format version')
  if (!FORMAT_VERSIONS_READ.includes(version)) {
    throw new LogVersionError(file, { offset: VERSION_AT, version, read: FORMAT_VERSIONS_READ })
  }
}

/** Whether the segment may be gone on with: its header is of the version that is written. */
export function isWritten(image: Buffer): boolean {
  return readU32(image, VERSION_AT) === FORMAT_VERSION
}

/** Writes the header of the batch [start, end), whose entries are in place. */
export function sealBatch(buffer: Buffer, start: number, end: number, header: BatchHeader): void {
  writeU32(buffer, start, BATCH_MAGIC_U32)
  writeU32(buffer, start + 8, end - start)
  writeU32(buffer, start + 12, header.entries)
  writeU64(buffer, start + 16, header.firstLsn)
  writeU64(buffer, start + 24, header.timeMs)
  writeU32(buffer, start + 32, header.epoch)
  writeU32(buffer, start + BATCH_MARK_AT, readU32(buffer, HEADER_CRC_AT))
  writeU32(buffer, start + 4, crc32(buffer.subarray(start + BATCH_CRC_FROM, end)))
}

/** Gives a segment another size as long as it has no file: its sealed batches, which end at `end`, are marked anew. */
export function resizeSegment(image: Buffer, bytes: number, end: number): void {
  writeU32(image, 32, bytes)
  writeU32(image, HEADER_CRC_AT, crc32(image.subarray(0, HEADER_CRC_AT)))
  for (let at = SEGMENT_HEADER_BYTES; at < end; ) {
    const next = at + readU32(image, at + 8)
    writeU32(image, at + BATCH_MARK_AT, readU32(image, HEADER_CRC_AT))
    writeU32(image, at + 4, crc32(image.subarray(at + BATCH_CRC_FROM, next)))
    at = next
  }
}

/**
 * Whether a batch begins at `start`, where the log goes on with `nextLsn`, that is not whole. Bytes of an earlier use of the
 * file have neither its mark nor, together with the magic, that LSN; one broken field still leaves the other.
 */
export function isBrokenBatch(buffer: Buffer, start: number, nextLsn: number): boolean {
  if (start + BATCH_HEADER_BYTES > buffer.length) return false
  if (readU32(buffer, start + BATCH_MARK_AT) === readU32(buffer, HEADER_CRC_AT)) return true
  // Bytes of half a batch may be any number.
  return readU32(buffer, start) === BATCH_MAGIC_U32 && buffer.readBigUInt64BE(start + 16) === BigInt(nextLsn)
}

/** Whether there is anything in a segment's image that looks like the beginning of a batch. */
export function mayHoldBatches(buffer: Buffer): boolean {
  return buffer.indexOf(BATCH_MAGIC, SEGMENT_HEADER_BYTES) >= 0
}

/** Length of the whole, undamaged batch at `start` of a segment's image; 0 if there is none. */
export function batchLength(buffer: Buffer, start: number, limit: number): number {
  if (start + BATCH_HEADER_BYTES > limit || readU32(buffer, start) !== BATCH_MAGIC_U32) return 0
  const length = readU32(buffer, start + 8)
  if (length < BATCH_HEADER_BYTES || start + length > limit) return 0
  if (readU32(buffer, start + BATCH_MARK_AT) !== readU32(buffer, HEADER_CRC_AT)) return 0
  return crc32(buffer.subarray(start + BATCH_CRC_FROM, start + length)) === readU32(buffer, start + 4) ? length : 0
}

/** LSN of the first entry of the batch at `start`. */
export function firstLsnAt(buffer: Buffer, start: number): number {
  return readU64(buffer, start + 16)
}

/** Entries in the batch at `start`. */
export function entriesAt(buffer: Buffer, start: number): number {
  return readU32(buffer, start + 12)
}

/** Offset of an undamaged batch of this segment behind `start`, or -1: then what stands at `start` is a torn tail. */
export function laterBatch(buffer: Buffer, start: number, limit: number): number {
  const image = buffer.subarray(0, limit)
  let at = image.indexOf(BATCH_MAGIC, start + 1)
  while (at >= 0 && batchLength(image, at, limit) === 0) at = image.indexOf(BATCH_MAGIC, at + 1)
  return at
}

/** LSN behind the last of the undamaged batches that a segment's image begins with; `baseLsn` if there are none. */
export function lsnBehind(buffer: Buffer, baseLsn: number, limit: number): number {
  let lsn = baseLsn
  let at = SEGMENT_HEADER_BYTES
  for (let length = batchLength(buffer, at, limit); length > 0; length = batchLength(buffer, at, limit)) {
    lsn += entriesAt(buffer, at)
    at += length
  }
  return lsn
}

/** Checks every batch of a segment's image up to `head`; answers where the first damaged one is, or -1. */
export function damagedBatch(buffer: Buffer, head: number): number {
  let at = SEGMENT_HEADER_BYTES
  while (at < head) {
    const length = batchLength(buffer, at, head)
    if (length === 0) return at
    at += length
  }
  return -1
}
