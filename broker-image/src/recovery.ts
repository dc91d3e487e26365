/** What recovery of the message log tells, put into the queues that the definitions know. */
import { LiveRuns } from './live-runs.ts'
import { encodeQueueStates, type QueueState } from './log/checkpoint.ts'
import { FLAG_MOVED, FLAG_PERSISTENT, flagsAt, keyLengthAt, wireStart } from './log/record.ts'
import type { Replay } from './log/replay.ts'
import type { SegmentTable } from './log/segment.ts'
import { bodySize, type Message, PERSISTENT_BIT, reasonOfMark } from './queue/message.ts'
import type { Queue } from './queue/queue.ts'
import type { Ready } from './queue/ready.ts'
import { FRAME_HEAD_BYTES } from './wire/frame.ts'
import { readU32 } from './wire/integers.ts'

/** Where messages are replayed to. */
export interface ReplayTarget {
  readonly queues: ReadonlyMap<number, Queue>
  readonly segments: SegmentTable
  /** Told of each id without a queue: the log may hold messages of a queue whose declaration never became durable. */
  readonly onUnknownQueue: (id: number) => void
}

/** A replay into `queues`; messages of queues that are gone are dropped. */
export function replayInto({ queues, segments, onUnknownQueue }: ReplayTarget): Replay {
  // One object for all of millions.
  const message = { seq: 0, segment: 0, offset: 0, sized: 0 }
  return {
    queue: (id, nextSeq) => queues.get(id)?.sequence.recover(nextSeq),
    enqueue: (id, seq, segment, offset, deadlineMs) => {
      const queue = queues.get(id)
      if (queue === undefined) {
        onUnknownQueue(id)
        return false
      }
      const bytes = segments.bytes(segment)
      if (bytes === null) throw new Error(`segment ${segment} is replayed but not in memory`)
      message.seq = seq
      message.segment = segment
      message.offset = offset
      message.sized = sizedAt(bytes, offset)
      segments.weigh(segment, bodySize(message.sized))
      const place = (flagsAt(bytes, offset) & FLAG_MOVED) === 0 ? undefined : queue.dead.placeOf(seq)
      if (place !== undefined) move(segments, place, message)
      else queue.recoverEnqueue(message, deadlineMs)
      return true
    },
    settle: (id, firstSeq, count) => settle(segments, queues.get(id), firstSeq, count),
    purge: (id, beforeSeq) => purge(segments, queues.get(id), beforeSeq),
    returned: (id, seq, count) => returned(queues.get(id), seq, count),
    queueDeleted: () => {},
    definition: refuse,
    snapshot: refuse,
  }
}

/** The log was cleaned: the message that was found stands at a new place. */
function move(segments: SegmentTable, ready: Ready, { seq, segment, offset, sized }: Message): void {
  segments.release(ready.segment, 1, bodySize(sized))
  ready.move(seq, segment, offset)
}

function settle(segments: SegmentTable, queue: Queue | undefined, firstSeq: number, count: number): void {
  if (queue === undefined) return
  for (let seq = firstSeq; seq < firstSeq + count; seq++) {
    const place = queue.dead.placeOf(seq)
    if (place?.take(seq)) segments.release(place.segment, 1, bodySize(place.sized))
    queue.forget(seq)
  }
}

function purge(segments: SegmentTable, queue: Queue | undefined, beforeSeq: number): void {
  const runs: [first: number, count: number][] = []
  queue?.eachRun((first, count) => runs.push([first, Math.min(count, beforeSeq - first)]))
  for (const [first, count] of runs) settle(segments, queue, first, count)
}

function returned(queue: Queue | undefined, seq: number, count: number): void {
  if (queue === undefined || !queue.ready.find(seq)) return
  const reason = reasonOfMark(count)
  if (reason === undefined) queue.returns.set(seq, count)
  else if (queue.ready.take(seq)) {
    queue.dead.put(queue.ready, reason)
    queue.forget(seq)
  }
}

function refuse(): never {
  throw new Error('the message log holds definitions')
}

/** Bytes of the body, with its flags, of the message whose entry stands at `offset`. */
function sizedAt(bytes: Buffer, offset: number): number {
  const headerAt = wireStart(bytes, offset) + keyLengthAt(bytes, offset) + 2
  const size = readU32(bytes, headerAt + FRAME_HEAD_BYTES + 8)
  return (flagsAt(bytes, offset) & FLAG_PERSISTENT) === 0 ? size : size | PERSISTENT_BIT
}

/** Calls `visit` with each delivery that waits for a settlement. */
export type EachUnacked = (visit: (queue: Queue, seq: number) => void) => void

/** The state of all durable queues for a checkpoint: what is ready, and what is with consumers. */
export function checkpointOf(queues: Iterable<Queue>, eachUnacked: EachUnacked): Buffer {
  const unacked = new Map<Queue, LiveRuns>()
  eachUnacked((queue, seq) => {
    let runs = unacked.get(queue)
    if (runs === undefined) {
      runs = new LiveRuns()
      unacked.set(queue, runs)
    }
    runs.add(seq, 1)
  })
  return encodeQueueStates(durableStates(queues, unacked))
}

function* durableStates(queues: Iterable<Queue>, unacked: Map<Queue, LiveRuns>): Iterable<QueueState> {
  for (const queue of queues) {
    if (!queue.durable) continue
    const runs = unacked.get(queue) ?? new LiveRuns()
    queue.eachRun((first, count) => runs.add(first, count))
    const live = runs.sorted()
    yield { queueId: queue.id, nextSeq: queue.nextSeq, live, returned: [...queue.returns.flat(), ...queue.dead.flat()] }
  }
}
