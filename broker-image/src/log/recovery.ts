/** Opens a log: from its files to a log that can be appended to, step by step. */
import type { Disk } from './disk.ts'
import type { Replay } from './replay.ts'
import type { SegmentTable } from './segment.ts'
import type { ShardLog } from './shard-log.ts'

/** What a log needs to know. */
export interface LogOptions {
  shardId: number
  /** The node's one table. */
  segments: SegmentTable
  /** Milliseconds since 1970; goes into batches. */
  now: () => number
  /** Epoch of the leader; 1 while nothing is mirrored. */
  epoch?: number
  /** Default limits.SEGMENT_BYTES. */
  segmentBytes?: number
}

/**
 * Opens the log on `disk`, or makes one. Synchronous: it runs before anybody is served.
 * Throws LogCorruptError if something once stable is damaged.
 */
export function recover(disk: Disk, options: LogOptions, replay: Replay): ShardLog {
  throw new Error(`not yet: ${disk} ${options} ${replay}`)
}

/** The log of transient messages: it starts empty, and what an earlier one left on `disk` is removed. */
export function openTransientLog(disk: Disk, options: LogOptions): ShardLog {
  throw new Error(`not yet: ${disk} ${options}`)
}
