/** One log: entries are appended into memory, and become stable on disk a group at a time. */
import type { EnqueueHeader } from './record.ts'
import { SegmentTable } from './segment.ts'

/**
 * The state that a checkpoint saves, as `encodeQueueStates` or `encodeSnapshot` made it. Called from `commit`, when
 * every appended entry is also applied in the owner's state.
 */
export type CheckpointSource = () => Buffer

/** A durable shard log, or the memory-only log of transient messages. */
export class ShardLog {
  readonly segments: SegmentTable = new SegmentTable()
  /** False: the transient log, whose sealed segments go to disk (without a sync) only when memory asks for it. */
  readonly durable: boolean = true
  /** Number of the batch that is gathering now, from 1. */
  batch = 1
  /** The newest batch that is stable on disk. What was appended while `batch` was n is stable when this is >= n. */
  stableBatch = 0
  /** Handle of the segment of the last append. */
  segment = 0
  /** Called after `stableBatch` moved. */
  onStable: (log: ShardLog) => void = () => {}
  /** A `DiskFullError` is tried again at the next commit; after any other error nothing becomes stable any more. */
  onError: (error: Error) => void = () => {}
  /** Null: no checkpoints, and so no segment of a durable log is ever used again. */
  checkpointSource: CheckpointSource | null = null

  /**
   * Appends a message: `source[start, end)` is its wire form. Answers the entry's offset in segment `this.segment`,
   * which is retained once a target. Allocates nothing.
   */
  appendEnqueue(header: EnqueueHeader, source: Buffer, start: number, end: number): number {
    throw new Error(`not yet: ${header} ${source} ${start} ${end}`)
  }

  appendSettle(queueId: number, firstSeq: number, count: number, reason: number): void {
    throw new Error(`not yet: ${queueId} ${firstSeq} ${count} ${reason}`)
  }

  appendReturn(queueId: number, seq: number, deliveryCount: number): void {
    throw new Error(`not yet: ${queueId} ${seq} ${deliveryCount}`)
  }

  /** Settles everything of the queue below `beforeSeq`; an owner with unacked messages there appends settles instead. */
  appendPurge(queueId: number, beforeSeq: number): void {
    throw new Error(`not yet: ${queueId} ${beforeSeq}`)
  }

  appendQueueDelete(queueId: number): void {
    throw new Error(`not yet: ${queueId}`)
  }

  appendDefinition(bytes: Buffer): void {
    throw new Error(`not yet: ${bytes}`)
  }

  /** Starts to make stable what was appended, unless that runs already; then it is started again at its end. */
  commit(): void {}

  /** Commits, takes a checkpoint, and closes the files. */
  close(done: (error: Error | null) => void): void {
    done(null)
  }
}
