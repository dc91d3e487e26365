/** What a queue needs of the node it lives on, and of the connection that it may belong to. */
import type { Clock } from '../clock.ts'
import { READ_ATTEMPTS_MAX, READ_RETRY_MS_MAX, READ_RETRY_MS_MIN } from '../limits.ts'
import type { Segment, SegmentTable } from '../log/segment.ts'
import type { ShardLog } from '../log/shard-log.ts'
import type { Turn } from '../turn.ts'
import type { QueueCounters } from './counters.ts'
import type { DeathReason } from './message.ts'
import type { Queue } from './queue.ts'
import type { WaitingDead } from './waiting-dead.ts'
import type { WireBytes } from './wire-bytes.ts'

export interface QueueContext {
  readonly log: ShardLog
  readonly segments: SegmentTable
  readonly clock: Clock
  readonly turn: Turn
  /**
   * Sends a dead message on, as its queue's settings say. Calls `settle` just before another queue gets it, so that a
   * crash leaves it in one of them; false, without a call, when no queue gets it.
   */
  deadLetter(queue: Queue, dead: WireBytes, reason: DeathReason, settle: () => void): boolean
  /** All dead letters of the node that wait. */
  readonly waitingDead: Set<WaitingDead>
  readonly logger: { warn(text: string): void }
  /** A segment can't be read back from disk: nothing of it is delivered. */
  reportDamage(error: Error): void
  /** What queues counted that are gone. */
  readonly retiredCounters: QueueCounters
  /** The queue's own end: unused for too long, or its last consumer left. */
  deleteQueue(queue: Queue): void
}

/** The connection that exclusive queues belong to. */
export interface QueueOwner {
  readonly exclusiveQueues: Set<Queue>
}

/** Somebody who needs the bytes of a segment. */
interface Reader {
  readonly segment: Segment
  readonly then: () => void
  readonly onDamage: (() => void) | undefined
}

/**
 * Brings a segment back into memory, then goes on. What can't be read is reported, stays where it is, and is tried again
 * with growing pauses for as long as it exists: a disk may recover. `onDamage` is for somebody who can't wait that long:
 * called instead of the attempt after READ_ATTEMPTS_MAX.
 */
export function fetchSegment(context: QueueContext, segment: number, then: () => void, onDamage?: () => void): void {
  attempt(context, { segment: context.segments.get(segment), then, onDamage }, 1)
}

function attempt(context: QueueContext, reader: Reader, count: number): void {
  const { segments } = context
  const { segment, then, onDamage } = reader
  segments.fetch(segment.handle, error => {
    if (error === null) return then()
    const pauseMs = Math.min(READ_RETRY_MS_MIN * 2 ** (count - 1), READ_RETRY_MS_MAX)
    if (count === 1 || pauseMs === READ_RETRY_MS_MAX) context.reportDamage(error)
    if (onDamage !== undefined && count === READ_ATTEMPTS_MAX) return onDamage()
    // It must outlive the pause, or its handle may name another segment by then.
    segment.live += 1
    context.clock.after(pauseMs, () => {
      if (!segments.exists(segment)) return
      attempt(context, reader, count + 1)
      segments.release(segment.handle, 1, 0)
    })
  })
}
