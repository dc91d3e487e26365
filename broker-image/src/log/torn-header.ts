/**
 * Segment files whose header is broken: was it being written when the power failed, or is it damage to what was stable?
 *
 * A header is written together with the first batch of its segment, and nothing of either is reported before both are
 * synced. All fields but the base LSN are known, and that is the LSN at which the log ends: so the whole header can be
 * made again, and with it the mark that the batches of the segment must have. Those that have it tell the cases apart.
 */
import { crc32 } from 'node:zlib'
import { readU32, writeU32 } from '../wire/integers.ts'
import {
  BATCH_HEADER_BYTES,
  BATCH_MARK_AT,
  batchLength,
  FORMAT_VERSIONS_READ,
  firstLsnAt,
  HEADER_CRC_AT,
  laterBatch,
  mayHoldBatches,
  putSegmentHeader,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type VersionedHeader,
} from './batch.ts'
import type { DiskFile } from './disk.ts'
import { LogCorruptError } from './errors.ts'

/** A file whose header says nothing that can be believed. */
export interface BrokenFile {
  readonly file: DiskFile
  /** Its header as it stands there. */
  readonly head: Buffer
  /** Why the log cannot be opened, if the file is needed. */
  readonly error: Error
}

/** What is to be done with a broken file. */
export type Verdict = 'unused' | 'repaired' | 'damaged'

/** The base LSN, the one field of which nothing is known beforehand. */
const UNKNOWN_FROM = 24
const UNKNOWN_TO = 32

/** What is wrong with the header of a segment file; null if nothing is. */
export function headerError(head: Buffer, file: string): Error | null {
  try {
    readSegmentHeader(head, file)
    return null
  } catch (error) {
    return error as Error
  }
}

/** What is wrong with a file whose header is all zeros, as before its first use; null if nothing is. */
export function remainsError(file: DiskFile): Error | null {
  const image = Buffer.allocUnsafe(file.bytes)
  file.readSync(image, 0, file.bytes)
  if (!mayHoldBatches(image)) return null
  return new LogCorruptError(file.name, 0, 'the segment header is gone, and batches follow')
}

/**
 * Whether a write of `expected` that ended anywhere may have left this: each byte is as it would be, or zero, as before
 * the first use of the file (a later use has the same bytes). Anything else is no torn header.
 */
function mayBeTorn(head: Buffer, expected: VersionedHeader): boolean {
  const whole = Buffer.alloc(SEGMENT_HEADER_BYTES)
  putSegmentHeader(whole, expected, expected.version)
  for (let at = 0; at < HEADER_CRC_AT; at++) {
    const isKnown = at < UNKNOWN_FROM || at >= UNKNOWN_TO
    if (isKnown && head[at] !== 0 && head[at] !== whole[at]) return false
  }
  return crc32(head.subarray(0, HEADER_CRC_AT)) !== readU32(head, HEADER_CRC_AT)
}

/**
 * Judges a broken file by what the log needs next: the segment with this header, whose identity is known for sure
 * unless this is the log's first segment. 'unused': it holds nothing that was ever stable. 'repaired': one whole batch
 * follows, which may have been stable, and the header is made again (not synced), in the version in which it was.
 * 'damaged': more follows than a torn write can leave, or the header was never one of this log.
 */
export function judge(broken: BrokenFile, expected: SegmentHeader, isIdentityKnown: boolean): Verdict {
  const possible = FORMAT_VERSIONS_READ.map(version => ({ ...expected, version })).filter(each =>
    mayBeTorn(broken.head, each),
  )
  const verdicts = possible.map(each => judgeAs(broken, each, isIdentityKnown))
  // A whole batch of one version is a stranger's to the other.
  if (verdicts.includes('repaired')) return 'repaired'
  return verdicts.length === 0 || verdicts.includes('damaged') ? 'damaged' : 'unused'
}

function judgeAs({ file }: BrokenFile, expected: VersionedHeader, isIdentityKnown: boolean): Verdict {
  const image = Buffer.allocUnsafe(file.bytes)
  file.readSync(image, 0, file.bytes)
  if (baseOf(image, expected) > expected.baseLsn) return 'damaged'
  putSegmentHeader(image, expected, expected.version)
  const batches = countBatches(image)
  if (batches > 1) return 'damaged'
  if (batches === 0) return !isIdentityKnown && holdsOthers(image) ? 'damaged' : 'unused'
  file.writeSync(image, 0, SEGMENT_HEADER_BYTES)
  return 'repaired'
}

/** LSN of a whole first batch whose mark proves that this log wrote it, in whatever use of the file; else 0. */
function baseOf(image: Buffer, expected: VersionedHeader): number {
  if (image.length < SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES) return 0
  const baseLsn = firstLsnAt(image, SEGMENT_HEADER_BYTES)
  putSegmentHeader(image, { ...expected, baseLsn }, expected.version)
  return batchLength(image, SEGMENT_HEADER_BYTES, image.length) > 0 ? baseLsn : 0
}

/** Whole batches with the mark of the header: 0, 1 for just the first one, 2 for any others. */
function countBatches(image: Buffer): number {
  if (laterBatch(image, SEGMENT_HEADER_BYTES, image.length) >= 0) return 2
  return batchLength(image, SEGMENT_HEADER_BYTES, image.length) > 0 ? 1 : 0
}

/** Whether the first batch is whole but for its mark: then it is of a log whose identity nobody knows any more. */
function holdsOthers(image: Buffer): boolean {
  if (image.length < SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES) return false
  writeU32(image, HEADER_CRC_AT, readU32(image, SEGMENT_HEADER_BYTES + BATCH_MARK_AT))
  return countBatches(image) > 0
}
