/** The ready messages of a queue: in one order, or by priority where the queue was declared with `x-max-priority`. */
import type { Arguments } from '../definitions/model.ts'
import { keyLengthAt, wireStart } from '../log/record.ts'
import type { SegmentTable } from '../log/segment.ts'
import { FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { PROPERTY, propertyOffset } from '../wire/properties.ts'
import type { Message } from './message.ts'
import { PriorityPositions } from './priority-positions.ts'

/** Messages by position. As a `Message` it shows the one that `peek`, `peekLeast`, `take` or `each` found last. */
export interface Ready extends Message {
  readonly count: number
  /** Sum of the body sizes. */
  readonly bytes: number
  readonly seq: number
  readonly segment: number
  readonly offset: number
  sized: number
  /** Adds a message that comes, whose bytes are in memory, or one that comes back. */
  put(seq: number, segment: number, offset: number, sized: number): void
  /** Finds the message that goes to a consumer next. False when there is none. */
  peek(): boolean
  /** Finds the message that a full queue drops. False when there is none. */
  peekLeast(): boolean
  /** Removes the message that was found just now. */
  shift(): void
  /** Removes the message with this sequence number. False when it is not here. */
  take(seq: number): boolean
  /** Finds the message with this sequence number. False when it is not here. */
  find(seq: number): boolean
  /** The message, which is here, stands elsewhere in the log now. */
  move(seq: number, segment: number, offset: number): void
  each(visit: () => void): void
  /** Calls `visit` for runs of neighbouring sequence numbers, rising within a priority only. */
  eachRun(visit: (firstSeq: number, count: number) => void): void
  clear(): void
}

/** What a queue with these arguments keeps its messages in if they have priorities; null when they have none. */
export function priorityPositions(args: Arguments, segments: SegmentTable): PriorityPositions | null {
  const max = args['x-max-priority']
  if (typeof max !== 'number' || max === 0) return null
  return new PriorityPositions((segment, offset) => {
    const bytes = segments.bytes(segment)
    if (bytes === null) throw new Error(`the priority of a message in segment ${segment} is asked for from afar`)
    return Math.min(priorityAt(bytes, offset), max)
  })
}

/** The `priority` property of the message whose entry stands at `offset`; 0 when it has none [RabbitMQ]. */
function priorityAt(bytes: Buffer, offset: number): number {
  const headerAt = wireStart(bytes, offset) + keyLengthAt(bytes, offset) + 2
  const headerEnd = headerAt + FRAME_HEAD_BYTES + readU32(bytes, headerAt + 3)
  const at = propertyOffset(bytes, headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd, PROPERTY.priority)
  return at < 0 ? 0 : bytes[at]!
}
