/** What a log keeps its segments in: the disk, or memory that spills to disk. */
import type { Segment, SegmentOwner } from './segment.ts'
import type { ShardLog } from './shard-log.ts'

/** The part of a log below its appends. */
export interface LogStorage extends SegmentOwner {
  /** The log that this belongs to; called once, by the log. */
  attach(log: ShardLog): void
  /** A new tail of the log. */
  opened(segment: Segment): void
  commit(): void
  /** The disk had no room for something that the log needs, or will need soon. */
  readonly isShort: boolean
  /** No file of the usual size waits for its use, and there is no room to make one. */
  readonly isOutOfFiles: boolean
  /** More than a little stands up to `tail` in segments that have no file yet, and for which none is ready. */
  awaitsFiles(tail: Segment | null): boolean
  /** Whether `bytes` more behind `tail` surely find room on the disk, in files that are there. */
  hasRoomFor(bytes: number, tail: Segment | null): boolean
  /** Tries again what did not fit. */
  retry(): void
  /** Makes files ready ahead of their use, where they are missing. */
  prepare(): void
  /** While the disk is short, files that wait for a later use are given back. */
  saveRoom(isSaving: boolean): void
  /** More is kept on disk than a log at rest needs. */
  readonly isUntidy: boolean
  /** Called from time to time while `isUntidy`: gives back what was not needed since the last call. */
  tidy(): void
  close(done: (error: Error | null) => void): void
}
