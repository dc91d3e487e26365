/** One log: entries are appended into memory, and become stable on disk a group at a time. */
import { ENTRY_TARGETS_MAX, UNSTABLE_BYTES_MAX } from '../limits.ts'
import { Copier, type Viewed, viewed } from '../wire/copier.ts'
import { writeU32, writeU64 } from '../wire/integers.ts'
import { BATCH_HEADER_BYTES, putSegmentHeader, SEGMENT_HEADER_BYTES, sealBatch } from './batch.ts'
import {
  ENTRY_DEFINITION,
  ENTRY_HEADER_BYTES,
  ENTRY_PURGE,
  ENTRY_QUEUE_DELETE,
  ENTRY_RETURN,
  ENTRY_SETTLE,
  type EnqueueHeader,
  enqueueBytes,
  hasExpiry,
  PURGE_BYTES,
  putEnqueueHeader,
  putEntryHeader,
  QUEUE_DELETE_BYTES,
  RETURN_BYTES,
  SETTLE_BYTES,
} from './record.ts'
import type { Segment, SegmentTable } from './segment.ts'
import { smallSegmentBytes } from './segment-files.ts'
import type { LogStorage } from './storage.ts'

/**
 * The state that a checkpoint saves, as `encodeQueueStates` or `encodeSnapshot` made it. It is asked for between
 * turns, when every appended entry is also applied in the owner's state.
 */
export type CheckpointSource = () => Buffer

/** What the appends of a log need to know. */
export interface ShardLogOptions {
  shardId: number
  /** Tells the files of this log from those of another; the same on all its replicas. */
  identity: number
  segments: SegmentTable
  segmentBytes: number
  epoch: number
  /** Milliseconds since 1970. */
  now: () => number
}

const PAGE_BYTES = 4_096
const NO_BATCH = -1

/** A durable shard log, or the log of transient messages that lives in memory. */
export class ShardLog {
  readonly segments: SegmentTable
  /** False: the transient log, whose sealed segments go to disk (without a sync) only when memory asks for it. */
  readonly durable: boolean
  /** Number of the batch that is gathering now, from 1. */
  batch = 1
  /** The newest stable batch: what was appended while `batch` was n is stable when this is >= n. */
  stableBatch: number
  /** Handle of the segment of the last append. */
  segment = 0
  /** Called after `stableBatch` moved. */
  onStable: (log: ShardLog) => void = ignore
  /** After a `DiskFullError` call `retry` from time to time; after any other nothing becomes stable any more. */
  onError: (error: Error) => void = ignore
  /** Null: no checkpoints, and so no segment of a durable log is ever used again. */
  checkpointSource: CheckpointSource | null = null

  readonly #options: ShardLogOptions
  readonly #storage: LogStorage
  #tail: Segment | null = null
  #image: Buffer = Buffer.alloc(0)
  /** The image with its view, for copies. */
  #target: Viewed = viewed(this.#image)
  readonly #copier = new Copier()
  #nextLsn = 1
  /** Offset of the gathering batch in the tail. The transient log has none, and stands at 0 for ever. */
  #batchStart: number
  #batchLsn = 1
  /** Bytes for which the next entry must leave room, its own among them. */
  #together = 0
  /** Segments with entries that no group commit has taken yet, in order. */
  #gathered: Segment[] = []

  constructor(options: ShardLogOptions, storage: LogStorage) {
    this.#options = options
    this.#storage = storage
    this.segments = options.segments
    this.durable = storage.durable
    this.stableBatch = storage.durable ? 0 : 1
    this.#batchStart = storage.durable ? NO_BATCH : 0
    storage.attach(this)
  }

  /**
   * What `append` appends, up to `bytes` in all, is in one batch: a crash leaves all or nothing. The first entry makes the
   * room, so that nothing is opened where none comes.
   */
  together<T>(bytes: number, append: () => T): T {
    this.#together = bytes
    try {
      return append()
    } finally {
      this.#together = 0
    }
  }

  /** The segment that is appended to; the others of the log are before it. */
  get tail(): Segment | null {
    return this.#tail
  }

  /** LSN of the last entry; 0 = none yet. */
  get lastLsn(): number {
    return this.#nextLsn - 1
  }

  /** Something was appended that no group commit has taken yet. */
  get isGathering(): boolean {
    return this.#gathered.length > 0
  }

  /** Bytes that are not stable yet. They stay in memory, so that the owner stops its publishers above some bound. */
  get unstableBytes(): number {
    let bytes = 0
    if (!this.durable) return bytes
    for (let at = this.#tail; at !== null && at.stable < at.head; at = at.previous) {
      bytes += at.head - Math.max(at.stable, SEGMENT_HEADER_BYTES)
    }
    return bytes
  }

  /** More is waiting for the disk than memory should hold, or than there are files for: who writes much waits as well. */
  get isBehind(): boolean {
    return this.#storage.awaitsFiles(this.#tail) || this.unstableBytes > UNSTABLE_BYTES_MAX
  }

  /**
   * Appends a message: `source[start, end)` is its wire form. Answers the entry's offset in segment `this.segment`,
   * which is retained once a target. Allocates nothing. `source` may be the bytes of another segment.
   */
  appendEnqueue(header: EnqueueHeader, source: Buffer, start: number, end: number): number {
    if (header.targetCount > ENTRY_TARGETS_MAX) throw new Error(`${header.targetCount} targets in one entry`)
    const length = enqueueBytes(header, hasExpiry(header), end - start)
    const offset = this.#reserve(length)
    const image = this.#image
    const at = putEnqueueHeader(image, offset, header, length)
    this.#copier.copy(this.#target, at, source, start, end)
    const tail = this.#tail!
    tail.entries += 1
    tail.targets += header.targetCount
    tail.live += header.targetCount
    tail.liveBytes += header.targetCount * header.bodyBytes
    return offset
  }

  /** `count` messages of the queue from `firstSeq` on are settled. `reason` is the owner's (acked, expired, …), a byte. */
  appendSettle(queueId: number, firstSeq: number, count: number, reason: number): void {
    const at = this.#appendSmall(SETTLE_BYTES, (ENTRY_SETTLE << 8) | reason, queueId)
    writeU64(this.#image, at + 12, firstSeq)
    writeU32(this.#image, at + 20, count)
  }

  /** The message came back to its queue. */
  appendReturn(queueId: number, seq: number, deliveryCount: number): void {
    const at = this.#appendSmall(RETURN_BYTES, ENTRY_RETURN << 8, queueId)
    writeU64(this.#image, at + 12, seq)
    writeU32(this.#image, at + 20, deliveryCount)
  }

  /** Settles everything of the queue below `beforeSeq`; an owner with unacked messages there appends settles instead. */
  appendPurge(queueId: number, beforeSeq: number): void {
    const at = this.#appendSmall(PURGE_BYTES, ENTRY_PURGE << 8, queueId)
    writeU64(this.#image, at + 12, beforeSeq)
  }

  appendQueueDelete(queueId: number): void {
    this.#appendSmall(QUEUE_DELETE_BYTES, ENTRY_QUEUE_DELETE << 8, queueId)
  }

  /** An entry of the meta log. */
  appendDefinition(bytes: Buffer): void {
    const length = ENTRY_HEADER_BYTES + bytes.length
    const at = this.#reserve(length)
    putEntryHeader(this.#image, at, length, ENTRY_DEFINITION << 8)
    bytes.copy(this.#image, at + ENTRY_HEADER_BYTES)
  }

  /**
   * Starts to make stable what was appended, unless that runs already; then it is started again at its end. Called
   * once a turn of the event loop, also of the transient log: memory is given back here.
   */
  commit(): void {
    this.#storage.commit()
  }

  /** The disk had no room for something that the log needs, or will need soon: publishers should wait. */
  get isShort(): boolean {
    return this.#storage.isShort
  }

  /** Whether an entry of `bytes` bytes surely finds room on the disk, in files that are there, and settlements still do. */
  hasRoomFor(bytes: number): boolean {
    return this.#storage.hasRoomFor(bytes + SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES, this.#tail)
  }

  /** Tries again what did not fit on the disk. */
  retry(): void {
    this.#storage.retry()
  }

  /** Makes files ready for what will be appended, where they are missing. */
  prepare(): void {
    this.#storage.prepare()
  }

  /** While the disk is short, files that wait for a later use are given back. */
  saveRoom(isSaving: boolean): void {
    this.#storage.saveRoom(isSaving)
  }

  /** More is kept on disk than a log at rest needs: `tidy` from time to time. */
  get isUntidy(): boolean {
    return this.#storage.isUntidy
  }

  /** Gives back what was not needed since the last call; a log at rest takes a checkpoint for it. */
  tidy(): void {
    this.#storage.tidy()
  }

  /**
   * Commits, takes a checkpoint, and closes the files. What is appended later is written nowhere; its segments stay where
   * they are, since timers may still ask for them.
   */
  close(done: (error: Error | null) => void): void {
    this.#storage.close(done)
  }

  /** For the storage: ends the gathering batch, and answers its segments, each up to its `target`. */
  takeGroup(): Segment[] {
    this.#sealBatch()
    const group = this.#gathered
    this.#gathered = []
    for (const segment of group) segment.target = segment.head
    this.batch += 1
    return group
  }

  /** For the storage: writes down how far the tail reaches, before a checkpoint names the segments. */
  markTail(): void {
    if (this.#tail !== null) this.#tail.nextLsn = this.#nextLsn
  }

  /** For recovery: goes on behind LSN `nextLsn - 1`, in `tail` if there is one, whose image is in memory. */
  resume(nextLsn: number, tail: Segment | null): void {
    this.#nextLsn = nextLsn
    this.#tail = tail
    if (tail?.buffer) this.#setImage(tail.buffer)
    this.segment = tail?.handle ?? 0
  }

  #setImage(image: Buffer): void {
    this.#image = image
    this.#target = viewed(image)
  }

  #appendSmall(length: number, typeAndFlags: number, queueId: number): number {
    const at = this.#reserve(length)
    putEntryHeader(this.#image, at, length, typeAndFlags)
    writeU32(this.#image, at + 8, queueId)
    return at
  }

  /** Room for an entry in the tail; answers its offset. */
  #reserve(length: number): number {
    let tail = this.#tail
    const room = length > this.#together ? length : this.#together
    this.#together = 0
    const need = this.#batchStart === NO_BATCH ? room + BATCH_HEADER_BYTES : room
    if (tail === null || tail.head + need > tail.bytes) tail = this.#roll(room)
    if (this.#batchStart === NO_BATCH) this.#openBatch(tail)
    const at = tail.head
    tail.head = at + length
    this.#nextLsn += 1
    return at
  }

  #openBatch(tail: Segment): void {
    this.#batchStart = tail.head
    this.#batchLsn = this.#nextLsn
    tail.head += BATCH_HEADER_BYTES
    if (this.#gathered.at(-1) !== tail) this.#gathered.push(tail)
  }

  #sealBatch(): void {
    const tail = this.#tail
    if (!this.durable || tail === null || this.#batchStart === NO_BATCH) return
    const { now, epoch } = this.#options
    const entries = this.#nextLsn - this.#batchLsn
    sealBatch(this.#image, this.#batchStart, tail.head, { firstLsn: this.#batchLsn, entries, timeMs: now(), epoch })
    tail.nextLsn = this.#nextLsn
    this.#batchStart = NO_BATCH
  }

  /** Ends the tail, and opens a new one that has room for an entry of `length` bytes. */
  #roll(length: number): Segment {
    const { segments, segmentBytes, shardId, identity } = this.#options
    const old = this.#tail
    if (old !== null) {
      this.#sealBatch()
      old.sealed = true
      if (!this.durable) old.stable = old.head
      if (old.live === 0) segments.look(old)
    }
    const usual = this.#storage.isOutOfFiles ? smallSegmentBytes(segmentBytes) : segmentBytes
    const tail = segments.open(this.#storage, segmentSize(usual, length))
    tail.baseLsn = this.#nextLsn
    tail.nextLsn = this.#nextLsn
    tail.previous = old
    if (old !== null) old.next = tail
    this.#tail = tail
    this.#setImage(segments.bring(tail))
    if (this.durable) putSegmentHeader(this.#image, { shardId, identity, baseLsn: this.#nextLsn, bytes: tail.bytes })
    this.segment = tail.handle
    this.#storage.opened(tail)
    return tail
  }
}

/** The usual size, or for a larger entry as many pages as it needs. */
function segmentSize(segmentBytes: number, length: number): number {
  const least = SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES + length
  return least <= segmentBytes ? segmentBytes : Math.ceil(least / PAGE_BYTES) * PAGE_BYTES
}

function ignore(): void {}
