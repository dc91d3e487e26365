/** Tells the owner of a log what its entries say, as far as the checkpoint has not said it already. */

import { readU32, readU64 } from '../wire/integers.ts'
import type { Checkpoint, QueueState } from './checkpoint.ts'
import {
  ENQUEUE_HEADER_BYTES,
  ENTRY_DEFINITION,
  ENTRY_ENQUEUE,
  ENTRY_HEADER_BYTES,
  ENTRY_PURGE,
  ENTRY_QUEUE_DELETE,
  ENTRY_RETURN,
  ENTRY_SETTLE,
  entryEnd,
  entryTypeAt,
  FLAG_EXPIRY,
  flagsAt,
  targetBytes,
  wireStart,
} from './record.ts'
import type { Replay } from './replay.ts'
import type { Segment } from './segment.ts'

/** Ranges of one queue, searched from where the last message was found: messages come in order, unless they were moved. */
interface LiveRanges {
  ranges: ArrayLike<number>
  at: number
}

/** Replays entries in the order of the log. */
export class EntryReplay {
  readonly #replay: Replay
  readonly #checkpointLsn: number
  readonly #live = new Map<number, LiveRanges>()
  readonly #queues: QueueState[]
  #passed = false

  /** Tells what the checkpoint holds. */
  constructor(checkpoint: Checkpoint | null, replay: Replay) {
    this.#replay = replay
    this.#checkpointLsn = checkpoint?.lsn ?? 0
    this.#queues = checkpoint?.queues ?? []
    if (checkpoint?.snapshot) replay.snapshot(checkpoint.snapshot)
    for (const { queueId, nextSeq, live } of this.#queues) {
      replay.queue(queueId, nextSeq)
      this.#live.set(queueId, { ranges: live, at: 0 })
    }
  }

  /** Replays the entry at `offset`, whose number is `lsn`. */
  entry(lsn: number, segment: Segment, buffer: Buffer, offset: number): void {
    if (lsn > this.#checkpointLsn) {
      if (!this.#passed) this.passCheckpoint()
      this.#later(segment, buffer, offset)
    } else if (entryTypeAt(buffer, offset) === ENTRY_ENQUEUE) {
      this.#enqueue(segment, buffer, offset, true)
    }
  }

  /** The messages of the checkpoint are all there: tells which of them had come back. */
  passCheckpoint(): void {
    if (this.#passed) return
    this.#passed = true
    for (const { queueId, returned } of this.#queues) {
      for (let i = 0; i < returned.length; i += 2) this.#replay.returned(queueId, returned[i]!, returned[i + 1]!)
    }
  }

  #later(segment: Segment, buffer: Buffer, offset: number): void {
    switch (entryTypeAt(buffer, offset)) {
      case ENTRY_ENQUEUE:
        this.#enqueue(segment, buffer, offset, false)
        break
      case ENTRY_SETTLE:
        this.#replay.settle(readU32(buffer, offset + 8), readU64(buffer, offset + 12), readU32(buffer, offset + 20))
        break
      case ENTRY_RETURN:
        this.#replay.returned(readU32(buffer, offset + 8), readU64(buffer, offset + 12), readU32(buffer, offset + 20))
        break
      case ENTRY_PURGE:
        this.#replay.purge(readU32(buffer, offset + 8), readU64(buffer, offset + 12))
        break
      case ENTRY_QUEUE_DELETE:
        this.#replay.queueDeleted(readU32(buffer, offset + 8))
        break
      case ENTRY_DEFINITION:
        this.#replay.definition(Buffer.from(buffer.subarray(offset + ENTRY_HEADER_BYTES, entryEnd(buffer, offset))))
        break
      default:
        throw new Error(`entry of unknown type ${entryTypeAt(buffer, offset)}`)
    }
  }

  #enqueue(segment: Segment, buffer: Buffer, offset: number, onlyLive: boolean): void {
    const flags = flagsAt(buffer, offset)
    const step = targetBytes(flags)
    const end = wireStart(buffer, offset)
    segment.entries += 1
    segment.targets += (end - offset - ENQUEUE_HEADER_BYTES) / step
    for (let at = offset + ENQUEUE_HEADER_BYTES; at < end; at += step) {
      const queueId = readU32(buffer, at)
      const seq = readU64(buffer, at + 4)
      if (onlyLive && !this.#isLive(queueId, seq)) continue
      const expiresAtMs = (flags & FLAG_EXPIRY) === 0 ? 0 : readU64(buffer, at + 12)
      if (this.#replay.enqueue(queueId, seq, segment.handle, offset, expiresAtMs)) segment.live += 1
    }
  }

  #isLive(queueId: number, seq: number): boolean {
    const live = this.#live.get(queueId)
    if (live === undefined || live.ranges.length === 0) return false
    const { ranges } = live
    if (!mayHold(ranges, live.at, seq)) live.at = mayHold(ranges, live.at + 2, seq) ? live.at + 2 : rangeOf(ranges, seq)
    return seq >= ranges[live.at]! && seq < ranges[live.at]! + ranges[live.at + 1]!
  }
}

/** No other range than the one at `at` can hold the sequence number. */
function mayHold(ranges: ArrayLike<number>, at: number, seq: number): boolean {
  return seq >= ranges[at]! && (at + 2 >= ranges.length || seq < ranges[at + 2]!)
}

/** The last range that does not begin above the sequence number, or the first one. */
function rangeOf(ranges: ArrayLike<number>, seq: number): number {
  let low = 0
  let high = ranges.length / 2 - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (ranges[middle * 2]! <= seq) low = middle
    else high = middle - 1
  }
  return low * 2
}
