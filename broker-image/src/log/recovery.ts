/**
 * Opens a log: from its files to a log that can be appended to, step by step. Recovery changes nothing that counts (it
 * removes files that were never finished, and unmarks one without entries), so that it can be killed and run again.
 */
import { SEGMENT_BYTES, SEGMENTS_SMALL_AHEAD, SEGMENTS_SPARE_MAX, SEGMENTS_UNCHECKPOINTED_MAX } from '../limits.ts'
import { readU32 } from '../wire/integers.ts'
import {
  BATCH_HEADER_BYTES,
  batchLength,
  isBrokenBatch,
  isWritten,
  laterBatch,
  lsnBehind,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from './batch.ts'
import { CHECKPOINT_FILE, CHECKPOINT_TEMPORARY_FILE, type Checkpoint, decodeCheckpoint } from './checkpoint.ts'
import type { Disk, DiskFile } from './disk.ts'
import { DurableStorage } from './durable-storage.ts'
import { EntryReplay } from './entry-replay.ts'
import { LogCorruptError } from './errors.ts'
import type { Replay } from './replay.ts'
import { scanSegment } from './scan.ts'
import type { Segment, SegmentTable } from './segment.ts'
import { segmentFileNumber, smallSegmentBytes } from './segment-files.ts'
import { ShardLog } from './shard-log.ts'
import { type BrokenFile, headerError, judge, remainsError } from './torn-header.ts'
import { isSpillFile, TransientStorage } from './transient-storage.ts'

/** What a log needs to know. */
export interface LogOptions {
  /** Names the log in its files, 0 to 2^32 - 1. */
  shardId: number
  /** The node's one table. */
  segments: SegmentTable
  /** Milliseconds since 1970; goes into batches. */
  now: () => number
  /** A random number, 0 to 2^32 - 1, that tells a new log from every other one. */
  newIdentity: () => number
  /** Told of a batch at byte `offset` of `file` that is dropped: it was being written when the process ended, or broke since. */
  onDropped?: (file: string, offset: number) => void
  /** Epoch of the leader; 1 while nothing is mirrored. */
  epoch?: number
  /** Default limits.SEGMENT_BYTES. */
  segmentBytes?: number
  /** Default limits.SEGMENTS_SPARE_MAX. */
  spareMax?: number
  /** Default limits.SEGMENTS_UNCHECKPOINTED_MAX. */
  uncheckpointedMax?: number
}

/** The header of a segment and of its first batch, which one sector holds. */
const FORGOTTEN_BYTES = SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES

/** A file with a valid header of this log. */
interface SegmentFile {
  file: DiskFile
  header: SegmentHeader
}

/** The files of a log, sorted by what they are for. */
interface LogFiles {
  checkpoint: Checkpoint | null
  /** Segments that are needed, in the order of the log. */
  needed: SegmentFile[]
  /** The last segment, if not even its first batch is whole. */
  empty: SegmentFile | null
  /** Files whose header is broken. */
  broken: BrokenFile[]
  /** Those of them that were never used. */
  unmarked: DiskFile[]
  spare: DiskFile[]
  number: number
}

/**
 * Opens the log on `disk`, or makes one. Synchronous: it runs before anybody is served.
 * Throws LogCorruptError if something once stable is damaged, LogVersionError if the format is another one.
 */
export function recover(disk: Disk, options: LogOptions, replay: Replay): ShardLog {
  removeUnfinished(disk)
  const sorted = setEmptyAside(sortFiles(openFiles(disk, options), readCheckpoint(disk, options)))
  const files = mendBroken(sorted, options.shardId)
  requireNamed(files)
  const { storage, log } = build(disk, options, files)
  const entries = new EntryReplay(files.checkpoint, replay)
  const tail = replaySegments(files, { storage, options, entries })
  makeDurable(disk, tail)
  forgetEmpty(files, storage)
  log.resume(tail?.nextLsn ?? (files.checkpoint?.lsn ?? 0) + 1, tail)
  options.segments.sweep()
  return log
}

/** The log of transient messages: it starts empty, and what an earlier one left on `disk` is removed. */
export function openTransientLog(disk: Disk, options: LogOptions): ShardLog {
  for (const name of disk.list()) if (isSpillFile(name)) disk.removeSync(name)
  return newLog(options, 0, new TransientStorage(disk))
}

function newLog(options: LogOptions, identity: number, storage: DurableStorage | TransientStorage): ShardLog {
  const { shardId, segments, now, epoch = 1, segmentBytes = SEGMENT_BYTES } = options
  return new ShardLog({ shardId, identity, segments, segmentBytes, epoch, now }, storage)
}

/** A checkpoint that was not renamed does not count. */
function removeUnfinished(disk: Disk): void {
  if (disk.list().includes(CHECKPOINT_TEMPORARY_FILE)) disk.removeSync(CHECKPOINT_TEMPORARY_FILE)
}

function readCheckpoint(disk: Disk, options: LogOptions): Checkpoint | null {
  if (!disk.list().includes(CHECKPOINT_FILE)) return null
  const file = disk.openSync(CHECKPOINT_FILE)
  const content = Buffer.alloc(file.bytes)
  file.readSync(content, 0, file.bytes)
  file.close(() => {})
  const checkpoint = decodeCheckpoint(content, CHECKPOINT_FILE)
  if (checkpoint.shardId !== options.shardId) {
    throw new LogCorruptError(CHECKPOINT_FILE, 16, `it belongs to shard ${checkpoint.shardId}`)
  }
  return checkpoint
}

interface OpenedFiles {
  segments: SegmentFile[]
  broken: BrokenFile[]
  unused: DiskFile[]
  number: number
}

/** Opens all segment files and reads their headers; a file that never got its full size was never used. */
function openFiles(disk: Disk, options: LogOptions): OpenedFiles {
  const opened: OpenedFiles = { segments: [], broken: [], unused: [], number: 0 }
  const head = Buffer.alloc(SEGMENT_HEADER_BYTES)
  for (const name of disk.list()) {
    const number = segmentFileNumber(name)
    if (number === null) continue
    opened.number = Math.max(opened.number, number)
    const file = disk.openSync(name)
    const error = file.bytes < SEGMENT_HEADER_BYTES ? null : readHead(file, head)
    const header = error === null && file.bytes >= SEGMENT_HEADER_BYTES ? headerOf(file, head, options.shardId) : null
    if (error !== null) opened.broken.push({ file, head: Buffer.from(head), error })
    else if (header !== null) opened.segments.push({ file, header })
    else if (isWhole(file, options)) opened.unused.push(file)
    else discard(disk, file)
  }
  opened.segments.sort((a, b) => a.header.baseLsn - b.header.baseLsn)
  return opened
}

/** A file of this size is not one whose making was interrupted. */
function isWhole({ bytes }: DiskFile, { segmentBytes = SEGMENT_BYTES }: LogOptions): boolean {
  return bytes === segmentBytes || bytes === smallSegmentBytes(segmentBytes)
}

/** A file that stays costs only room, and the next start tries again. */
function discard(disk: Disk, file: DiskFile): void {
  file.close(() => disk.remove(file.name, () => {}))
}

/** Reads the header; answers what is wrong with it. */
function readHead(file: DiskFile, head: Buffer): Error | null {
  file.readSync(head, 0, SEGMENT_HEADER_BYTES)
  const isUnused = head.every(byte => byte === 0)
  return isUnused ? remainsError(file) : headerError(head, file.name)
}

function headerOf(file: DiskFile, head: Buffer, shardId: number): SegmentHeader | null {
  const header = readSegmentHeader(head, file.name)
  if (header === null) return null
  if (header.shardId !== shardId) throw new LogCorruptError(file.name, 12, `it belongs to shard ${header.shardId}`)
  if (header.bytes !== file.bytes) throw new LogCorruptError(file.name, 32, `the file has ${file.bytes} bytes`)
  return header
}

/** A segment before the checkpoint that the checkpoint does not name is a file for the next use. */
function sortFiles(opened: OpenedFiles, checkpoint: Checkpoint | null): LogFiles {
  const { broken, unused: spare, number } = opened
  const files: LogFiles = { checkpoint, needed: [], empty: null, broken, unmarked: [], spare, number }
  const identity = checkpoint?.identity ?? opened.segments[0]?.header.identity
  const named = new Set(checkpoint?.segments.map(extent => extent.baseLsn))
  for (const segment of opened.segments) {
    const { file, header } = segment
    if (header.identity !== identity) throw new LogCorruptError(file.name, 16, 'it belongs to another log')
    const isOld = checkpoint !== null && header.baseLsn <= checkpoint.lsn && !named.has(header.baseLsn)
    if (isOld) files.spare.push(file)
    else files.needed.push(segment)
  }
  return files
}

/** A segment without a whole batch is not gone on with: two segments must never begin at the same LSN. */
function setEmptyAside(files: LogFiles): LogFiles {
  const last = files.needed.at(-1)
  if (last === undefined) return files
  const { bytes } = last.file
  const image = Buffer.allocUnsafe(bytes)
  last.file.readSync(image, 0, bytes)
  const isEmpty = batchLength(image, SEGMENT_HEADER_BYTES, bytes) === 0
  if (!isEmpty || laterBatch(image, SEGMENT_HEADER_BYTES, bytes) >= 0) return files
  return { ...files, needed: files.needed.slice(0, -1), empty: last }
}

/** Bytes of a header that say to which log it belongs, if they can be believed. */
function identityIn(head: Buffer): number {
  return readU32(head, 16)
}

/** The segment that was being begun when the power failed is gone on with if it may hold something stable. */
function mendBroken(files: LogFiles, shardId: number): LogFiles {
  if (files.broken.length === 0) return files
  const identity = files.checkpoint?.identity ?? files.needed[0]?.header.identity ?? files.empty?.header.identity
  const baseLsn = endLsn(files)
  const mended: LogFiles = { ...files, needed: [...files.needed], broken: [] }
  for (const each of files.broken) {
    const { file, head } = each
    const header = { shardId, identity: identity ?? identityIn(head), baseLsn, bytes: file.bytes }
    const verdict = judge(each, header, identity !== undefined)
    if (verdict === 'unused') mended.unmarked.push(file)
    else if (verdict === 'damaged' || mended.needed.at(-1)?.header.baseLsn === baseLsn) throw each.error
    else mended.needed.push({ file, header })
  }
  return { ...mended, broken: files.broken }
}

/** LSN of the next entry, as far as can be told before the replay. */
function endLsn({ needed, checkpoint }: LogFiles): number {
  const last = needed.at(-1)
  if (last === undefined) return (checkpoint?.lsn ?? 0) + 1
  const { file, header } = last
  const image = Buffer.allocUnsafe(file.bytes)
  file.readSync(image, 0, file.bytes)
  return Math.max(lsnBehind(image, header.baseLsn, file.bytes), (checkpoint?.lsn ?? 0) + 1)
}

/**
 * The files are for the next use as soon as they have no header. The header of the torn batch goes with it: a next use
 * that is torn too may bring the missing sectors, alike to the byte, and the batch would pass for one that was stable.
 */
function forgetEmpty({ empty, unmarked }: LogFiles, storage: DurableStorage): void {
  for (const file of empty === null ? unmarked : [empty.file, ...unmarked]) {
    file.writeSync(Buffer.alloc(FORGOTTEN_BYTES), 0, Math.min(FORGOTTEN_BYTES, file.bytes))
    file.syncSync()
    storage.recycle(file)
  }
}

/** Every segment that the checkpoint names is there. */
function requireNamed(files: LogFiles): void {
  const bases = new Set(files.needed.map(({ header }) => header.baseLsn))
  for (const { baseLsn } of files.checkpoint?.segments ?? []) {
    if (bases.has(baseLsn)) continue
    throw (
      files.broken[0]?.error ?? new LogCorruptError(CHECKPOINT_FILE, 0, `the segment from LSN ${baseLsn} is missing`)
    )
  }
}

function build(disk: Disk, options: LogOptions, files: LogFiles): { storage: DurableStorage; log: ShardLog } {
  const identity = files.checkpoint?.identity ?? files.needed[0]?.header.identity ?? options.newIdentity()
  const {
    segmentBytes = SEGMENT_BYTES,
    spareMax = SEGMENTS_SPARE_MAX,
    uncheckpointedMax = SEGMENTS_UNCHECKPOINTED_MAX,
  } = options
  const { shardId, segments } = options
  const ofSize = (bytes: number): DiskFile[] => files.spare.filter(file => file.bytes === bytes)
  const spare = ofSize(segmentBytes).slice(0, spareMax)
  const small = ofSize(smallSegmentBytes(segmentBytes)).slice(0, SEGMENTS_SMALL_AHEAD)
  for (const file of files.spare) if (!spare.includes(file) && !small.includes(file)) discard(disk, file)
  const wasFull = files.needed.some(({ file }) => file.bytes < segmentBytes)
  const sizes = { shardId, identity, segments, segmentBytes, spareMax, uncheckpointedMax }
  const storage = new DurableStorage(disk, sizes, { spare, small, wasFull, number: files.number })
  return { storage, log: newLog(options, identity, storage) }
}

interface ReplayParts {
  storage: DurableStorage
  options: LogOptions
  entries: EntryReplay
}

/** Reads and replays the segments in order; answers the last, the one that goes on being written. */
function replaySegments(files: LogFiles, parts: ReplayParts): Segment | null {
  const { segments } = parts.options
  const extents = new Map(files.checkpoint?.segments.map(extent => [extent.baseLsn, extent.nextLsn]))
  const last = files.needed.at(-1)
  let tail: Segment | null = null
  for (const { file, header } of files.needed) {
    requireFollows(files, { file, header }, tail)
    const segment = adopt(parts.storage, file, { table: segments, baseLsn: header.baseLsn, previous: tail })
    segment.sealed = file !== last?.file
    const image = segments.bring(segment)
    scanSegment(segment, image, parts.entries)
    if (!segment.sealed && endsBroken(segment, image)) parts.options.onDropped?.(file.name, segment.head)
    if (!isWritten(image)) segment.bytes = segment.head
    if (segment.nextLsn < (extents.get(header.baseLsn) ?? 0)) throw damaged(segment)
    segment.lastRead = 0
    if (segment.sealed && segment.live === 0) segments.look(segment)
    segments.sweep()
    tail = segment
  }
  if (files.empty !== null) {
    requireFollows(files, files.empty, tail)
    parts.options.onDropped?.(files.empty.file.name, SEGMENT_HEADER_BYTES)
  }
  parts.entries.passCheckpoint()
  return tail
}

function endsBroken({ bytes, head, nextLsn }: Segment, image: Buffer): boolean {
  return isBrokenBatch(image.subarray(0, bytes), head, nextLsn)
}

/** Segments freed by the checkpoint leave gaps below it; above it every entry is there, and none twice. */
function requireFollows(files: LogFiles, next: SegmentFile, previous: Segment | null): void {
  const error = gapError(next, files.checkpoint?.lsn ?? 0, previous)
  if (error !== null) throw files.broken[0]?.error ?? error
}

function gapError({ file, header }: SegmentFile, checkpointLsn: number, previous: Segment | null): Error | null {
  const { baseLsn } = header
  const expected = previous?.nextLsn ?? checkpointLsn + 1
  if (baseLsn === expected) return null
  if (baseLsn > checkpointLsn && baseLsn > expected && previous !== null) return damaged(previous)
  const isGap = baseLsn <= checkpointLsn && (previous === null || baseLsn > expected)
  return isGap ? null : new LogCorruptError(file.name, 24, `it begins at LSN ${baseLsn}, and ${expected} was expected`)
}

function damaged(segment: Segment): LogCorruptError {
  return new LogCorruptError(segment.file?.name ?? '', segment.head, 'a batch is damaged')
}

function adopt(
  storage: DurableStorage,
  file: DiskFile,
  place: { table: SegmentTable; baseLsn: number; previous: Segment | null },
): Segment {
  const segment = place.table.reserve(storage, file.bytes)
  segment.file = file
  segment.baseLsn = place.baseLsn
  segment.nextLsn = place.baseLsn
  segment.previous = place.previous
  if (place.previous !== null) place.previous.next = segment
  storage.opened(segment)
  return segment
}

/** What was read may have reached no more than the page cache of a process that was killed. */
function makeDurable(disk: Disk, tail: Segment | null): void {
  tail?.file?.syncSync()
  disk.syncDirectorySync()
}
