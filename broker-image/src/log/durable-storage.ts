/** The storage of a durable log: group commits, checkpoints, and files that are used again. */
import { LOG_REST_ENTRIES_MAX, SEGMENTS_AHEAD, SEGMENTS_SMALL_AHEAD, UNPLACED_BYTES_MAX } from '../limits.ts'
import { damagedBatch } from './batch.ts'
import { Checkpointer } from './checkpointer.ts'
import type { Disk, DiskFile } from './disk.ts'
import { isDiskFull, LogCorruptError } from './errors.ts'
import { GroupCommit } from './group-commit.ts'
import type { Segment, SegmentTable } from './segment.ts'
import { closeAll, type ReadyFiles, SegmentFiles } from './segment-files.ts'
import type { ShardLog } from './shard-log.ts'
import type { LogStorage } from './storage.ts'

/** Sizes and names of a durable log. */
export interface DurableStorageOptions {
  shardId: number
  identity: number
  segments: SegmentTable
  segmentBytes: number
  spareMax: number
  uncheckpointedMax: number
}

/** The files that recovery found. */
export interface FoundFiles extends ReadyFiles {
  /** The highest number of a segment file. */
  number: number
}

type CloseDone = (error: Error | null) => void

/** Drives group commits and checkpoints of one log, from `commit` and from the ends of disk operations. */
export class DurableStorage implements LogStorage {
  readonly durable = true
  isClosed = false
  readonly #table: SegmentTable
  readonly #segmentBytes: number
  readonly #segments = new Set<Segment>()
  readonly #files: SegmentFiles
  readonly #commits: GroupCommit
  readonly #checkpoints: Checkpointer
  #log: ShardLog | null = null
  #groupBatch = 0
  #again = false
  #failed: Error | null = null
  #closing: CloseDone | null = null
  #lastCheckpoint = false
  #checkpointDidNotFit = false
  #isSaving = false
  #isAtRest = false
  /** LSN at the last `tidy`, and at the last one that found the log at rest. */
  #tidiedLsn = 0
  #restedLsn = 0
  /** Files that a log at rest keeps for its next use. */
  #keptAtRest = 0

  constructor(disk: Disk, options: DurableStorageOptions, found: FoundFiles) {
    this.#table = options.segments
    this.#segmentBytes = options.segmentBytes
    this.#files = new SegmentFiles(disk, options, { ...found, onShort: error => this.#attached().onError(error) })
    this.#commits = new GroupCommit(this.#files, (error, group) => this.#onGroup(error, group))
    this.#checkpoints = new Checkpointer(disk, options, (error, freed) => this.#onCheckpoint(error, freed))
  }

  get isShort(): boolean {
    return this.#commits.stalled || this.#files.isShort || this.#checkpointDidNotFit
  }

  get isOutOfFiles(): boolean {
    return this.isShort && this.#files.ready === 0
  }

  awaitsFiles(tail: Segment | null): boolean {
    let bytes = -this.#files.ready * this.#segmentBytes
    for (let at = tail; at !== null && at.file === null; at = at.previous) bytes += at.head
    return bytes > UNPLACED_BYTES_MAX
  }

  hasRoomFor(bytes: number, tail: Segment | null): boolean {
    if (this.#commits.stalled) return false
    const left = tail === null ? 0 : tail.bytes - tail.head
    if (bytes <= left && tail !== null && tail.file !== null && tail.bytes === this.#segmentBytes) return true
    // A small tail may have one of the files that are kept for settlements: there must be as many without it.
    let usual = this.#files.ready
    let small = this.#files.smallReady
    for (let at = tail; at !== null && at.file === null; at = at.previous) {
      if (at.bytes === this.#segmentBytes) usual--
      else small--
    }
    if (bytes <= left && usual >= 0 && small >= 0) return true
    if (usual > 0) return bytes <= this.#segmentBytes || !this.isShort
    // Where a usual tail has no file it will be cut to what a small one holds, and what comes now would not fit.
    return usual === 0 && small > 0 && this.isOutOfFiles && bytes <= this.#files.smallBytes
  }

  attach(log: ShardLog): void {
    this.#log = log
  }

  opened(segment: Segment): void {
    this.#segments.add(segment)
  }

  dead(segment: Segment): void {
    this.#checkpoints.add(segment)
  }

  spill(segment: Segment): void {
    throw new Error(`segment ${segment.handle} of a durable log is stable without a file`)
  }

  check(segment: Segment, buffer: Buffer): Error | null {
    const at = damagedBatch(buffer, segment.head)
    return at < 0 ? null : new LogCorruptError(segment.file?.name ?? '', at, 'a batch is damaged')
  }

  /** A timer may still append after the end; that is written nowhere. */
  commit(): void {
    if (this.isClosed) return
    this.#table.sweep()
    if (this.#commits.busy) this.#again = true
    this.#advance()
  }

  retry(): void {
    if (this.isClosed || this.#failed !== null) return
    if (this.#commits.stalled) this.#commits.resume()
    else this.#files.prepare()
    this.commit()
  }

  prepare(): void {
    if (!this.isClosed && this.#failed === null) this.#files.prepare()
  }

  saveRoom(isSaving: boolean): void {
    if (this.isClosed) return
    this.#isSaving = isSaving
    this.#files.saveRoom(isSaving, error => error !== null && this.#onFailure(error, false))
    this.commit()
  }

  /** A file that is being made may be what somebody waits for. What was settled since may leave no room for those kept. */
  get isUntidy(): boolean {
    const isChanging = this.#checkpoints.hasDead || this.#checkpoints.busy || this.#files.isCreating
    const { ready } = this.#files
    return isChanging || ready > this.#keptAtRest || (ready > 0 && this.#restedLsn < this.#attached().lastLsn)
  }

  /**
   * At rest, where hardly anything was appended since the last call, all that is dead is given up, and files that wait
   * only as far as the log with them takes no more than 2 × what lives and 2 segments (docs/adr/0011).
   */
  tidy(): void {
    if (this.isClosed || this.#closing !== null || this.#failed !== null) return
    const { lastLsn } = this.#attached()
    this.#isAtRest = lastLsn - this.#tidiedLsn <= LOG_REST_ENTRIES_MAX
    this.#tidiedLsn = lastLsn
    if (this.#isAtRest) {
      this.#restedLsn = lastLsn
      this.#keptAtRest = this.#filesAtRest()
    }
    const kept = this.#isAtRest ? this.#keptAtRest : SEGMENTS_AHEAD
    if (!this.isShort) this.#files.giveBack(kept, error => error !== null && this.#onFailure(error, false))
    this.#advance()
    this.#isAtRest = false
  }

  #filesAtRest(): number {
    let space = this.#files.smallBytes * SEGMENTS_SMALL_AHEAD
    let live = 0
    for (const { isDead, bytes, liveBytes } of this.#segments) {
      if (isDead) continue
      space += bytes
      live += liveBytes
    }
    const files = Math.floor((2 * live - space) / this.#segmentBytes) + 2
    return Math.min(Math.max(files, 0), SEGMENTS_AHEAD)
  }

  close(done: CloseDone): void {
    this.#closing = done
    this.#table.sweep()
    if (this.#commits.stalled) this.#commits.resume()
    this.#advance()
  }

  /** Takes a file of which nothing is needed. */
  recycle(file: DiskFile): void {
    this.#files.recycle(file, error => error !== null && this.#onFailure(error, false))
  }

  #attached(): ShardLog {
    if (this.#log === null) throw new Error('the storage has no log yet')
    return this.#log
  }

  /** Starts whatever can start now. */
  #advance(): void {
    const log = this.#attached()
    if (this.#failed === null) {
      this.#captureIfDue(log)
      if (!this.#commits.busy && log.isGathering) {
        this.#groupBatch = log.batch
        this.#commits.start(log.takeGroup())
      }
      this.#checkpoints.advance(log.stableBatch)
    }
    if (this.#closing !== null && !this.#busy()) this.#finish(this.#failed)
  }

  #busy(): boolean {
    return this.#failed === null && (this.#commits.busy || this.#checkpoints.busy || this.#attached().isGathering)
  }

  #captureIfDue(log: ShardLog): void {
    if (log.checkpointSource === null || this.#checkpoints.busy) return
    const isLast = this.#closing !== null && !this.#lastCheckpoint
    if (!isLast && !this.#checkpoints.isDue(this.isShort || this.#isSaving || this.#isAtRest)) return
    if (isLast) this.#lastCheckpoint = true
    log.markTail()
    const position = { lsn: log.lastLsn, batch: log.isGathering ? log.batch : log.batch - 1 }
    this.#checkpoints.capture(position, log.checkpointSource(), this.#segments)
  }

  #onGroup(error: Error | null, group: Segment[]): void {
    if (error !== null) {
      this.#onFailure(error, this.#commits.stalled)
      return
    }
    const log = this.#attached()
    const again = this.#again || this.#closing !== null
    this.#again = false
    for (const segment of group) if (segment.sealed && segment.live === 0) this.#table.look(segment)
    log.stableBatch = this.#groupBatch
    log.onStable(log)
    if (again) this.#advance()
    else this.#checkpoints.advance(log.stableBatch)
  }

  #onCheckpoint(error: Error | null, freed: Segment[]): void {
    for (const segment of freed) this.#free(segment)
    this.#checkpointDidNotFit = error !== null && isDiskFull(error)
    if (error === null) this.#files.keepRoom()
    if (this.#checkpointDidNotFit) this.#files.makeRoom(failure => failure !== null && this.#onFailure(failure, false))
    if (error !== null) this.#onFailure(error, isDiskFull(error))
    else if (this.#closing !== null) this.#advance()
  }

  #free(segment: Segment): void {
    const { file } = segment
    this.#segments.delete(segment)
    this.#table.remove(segment)
    if (file !== null) this.recycle(file)
  }

  /** A full disk may get room again; anything else ends this log for good. */
  #onFailure(error: Error, mayPass: boolean): void {
    if (!mayPass) this.#failed ??= error
    this.#attached().onError(error)
    if (this.#closing !== null) this.#finish(error)
  }

  #finish(error: Error | null): void {
    const done = this.#closing
    this.#closing = null
    this.isClosed = true
    const files: DiskFile[] = []
    for (const segment of this.#segments) if (segment.file !== null) files.push(segment.file)
    this.#files.close(() => closeAll(files, () => done?.(error)))
  }
}
