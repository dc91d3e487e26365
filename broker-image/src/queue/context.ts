/** What a queue needs of the node it lives on, and of the connection that it may belong to. */
import type { Clock } from '../clock.ts'
import type { SegmentTable } from '../log/segment.ts'
import type { ShardLog } from '../log/shard-log.ts'
import type { Turn } from '../turn.ts'
import type { QueueCounters } from './counters.ts'
import type { DeadWire } from './dead-wire.ts'
import type { DeathReason } from './message.ts'
import type { Queue } from './queue.ts'

export interface QueueContext {
  readonly log: ShardLog
  readonly segments: SegmentTable
  readonly clock: Clock
  readonly turn: Turn
  /** Sends a dead message on, as its queue's settings say. */
  deadLetter(queue: Queue, dead: DeadWire, reason: DeathReason): void
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

/**
 * Brings a segment back into memory, then goes on. Damage is reported, and its messages stay where they are;
 * `onDamage` is for somebody who waits for an answer.
 */
export function fetchSegment(context: QueueContext, segment: number, then: () => void, onDamage?: () => void): void {
  context.segments.fetch(segment, error => {
    if (error === null) {
      then()
      return
    }
    context.reportDamage(error)
    onDamage?.()
  })
}
