/**
 * Checkpoints: the state of a log's owner at one LSN, so that older settlements need not be kept.
 *
 * ```
 * file           0 "WARRENCP" | 8 version u32 | 12 crc32 of byte 16 to the end | 16 shard u32
 *                20 identity u32 | 24 LSN u64 | 32 segments u32 | 36 zero u32 | 40 segment… | payload
 * a segment      base LSN u64 | LSN behind its last entry u64
 * payload        1 u8 | queues u32 | queue…        or    2 u8 | snapshot bytes
 * a queue        id u32 | next seq u64 | ranges u32 | returned u32 | range… | returned message…
 * a range        first seq u64 | count u32
 * returned       seq u64 | delivery count u32
 * ```
 */
import { crc32 } from 'node:zlib'
import { readU32, readU64, writeU32, writeU64 } from '../wire/integers.ts'
import { FORMAT_VERSION, requireVersion } from './batch.ts'
import { LogCorruptError } from './errors.ts'

/** Name of the checkpoint file, and of the one that will replace it. */
export const CHECKPOINT_FILE = 'checkpoint'
export const CHECKPOINT_TEMPORARY_FILE = 'checkpoint.new'

const MAGIC = Buffer.from('WARRENCP', 'latin1')
const HEADER_BYTES = 40
const CRC_FROM = 16
const SEGMENT_BYTES = 16
const QUEUE_BYTES = 20
const PAIR_BYTES = 12
const KIND_QUEUES = 1
const KIND_SNAPSHOT = 2

/** One queue at a checkpoint. */
export interface QueueState {
  queueId: number
  /** The next sequence number that the queue gives out. */
  nextSeq: number
  /**
   * Messages neither settled nor purged (unacked ones included), ascending: first seq, count, first seq, count, …
   * Numbers that this log never had, such as those of transient messages, may be among them.
   */
  live: ArrayLike<number>
  /** Live messages that came back: seq, delivery count, seq, delivery count, … */
  returned: ArrayLike<number>
}

/** A segment that the state of a checkpoint still needs, and how far it reached then. */
export interface SegmentExtent {
  baseLsn: number
  nextLsn: number
}

/** A checkpoint without its payload. */
export interface CheckpointHeader {
  shardId: number
  identity: number
  /** LSN of the last entry that the state includes. */
  lsn: number
  segments: SegmentExtent[]
}

/** A checkpoint as read. */
export interface Checkpoint extends CheckpointHeader {
  /** Empty for a snapshot. */
  queues: QueueState[]
  snapshot: Buffer | null
}

/** The payload of a message log's checkpoint. */
export function encodeQueueStates(states: Iterable<QueueState>): Buffer {
  const all = [...states]
  const bytes = all.reduce((sum, state) => sum + queueBytes(state), 5)
  const buffer = Buffer.allocUnsafe(bytes)
  buffer[0] = KIND_QUEUES
  writeU32(buffer, 1, all.length)
  let at = 5
  for (const state of all) at = putQueue(buffer, at, state)
  return buffer
}

/** The payload of the meta log's checkpoint. */
export function encodeSnapshot(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(KIND_SNAPSHOT), bytes])
}

/** The whole file. */
export function encodeCheckpoint(header: CheckpointHeader, payload: Buffer): Buffer {
  const at = HEADER_BYTES + header.segments.length * SEGMENT_BYTES
  const buffer = Buffer.alloc(at + payload.length)
  MAGIC.copy(buffer, 0)
  writeU32(buffer, 8, FORMAT_VERSION)
  writeU32(buffer, 16, header.shardId)
  writeU32(buffer, 20, header.identity)
  writeU64(buffer, 24, header.lsn)
  writeU32(buffer, 32, header.segments.length)
  for (const [i, segment] of header.segments.entries()) {
    writeU64(buffer, HEADER_BYTES + i * SEGMENT_BYTES, segment.baseLsn)
    writeU64(buffer, HEADER_BYTES + i * SEGMENT_BYTES + 8, segment.nextLsn)
  }
  payload.copy(buffer, at)
  writeU32(buffer, 12, crc32(buffer.subarray(CRC_FROM)))
  return buffer
}

/** Reads the whole file. Throws LogCorruptError or LogVersionError. */
export function decodeCheckpoint(buffer: Buffer, file: string): Checkpoint {
  if (buffer.length < HEADER_BYTES || !buffer.subarray(0, 8).equals(MAGIC)) {
    throw new LogCorruptError(file, 0, 'this is no checkpoint of a log')
  }
  requireVersion(buffer, file)
  if (crc32(buffer.subarray(CRC_FROM)) !== readU32(buffer, 12)) {
    throw new LogCorruptError(file, 0, 'the checksum of the checkpoint is wrong')
  }
  const segments: SegmentExtent[] = []
  const payloadAt = HEADER_BYTES + readU32(buffer, 32) * SEGMENT_BYTES
  for (let at = HEADER_BYTES; at < payloadAt; at += SEGMENT_BYTES) {
    segments.push({ baseLsn: readU64(buffer, at), nextLsn: readU64(buffer, at + 8) })
  }
  const isSnapshot = buffer[payloadAt] === KIND_SNAPSHOT
  return {
    shardId: readU32(buffer, 16),
    identity: readU32(buffer, 20),
    lsn: readU64(buffer, 24),
    segments,
    queues: isSnapshot ? [] : decodeQueues(buffer, payloadAt + 1),
    snapshot: isSnapshot ? Buffer.from(buffer.subarray(payloadAt + 1)) : null,
  }
}

function queueBytes(state: QueueState): number {
  return QUEUE_BYTES + ((state.live.length + state.returned.length) / 2) * PAIR_BYTES
}

function putQueue(buffer: Buffer, start: number, state: QueueState): number {
  writeU32(buffer, start, state.queueId)
  writeU64(buffer, start + 4, state.nextSeq)
  writeU32(buffer, start + 12, state.live.length / 2)
  writeU32(buffer, start + 16, state.returned.length / 2)
  return putPairs(buffer, putPairs(buffer, start + QUEUE_BYTES, state.live), state.returned)
}

function putPairs(buffer: Buffer, start: number, pairs: ArrayLike<number>): number {
  let at = start
  for (let i = 0; i < pairs.length; i += 2) {
    writeU64(buffer, at, pairs[i]!)
    writeU32(buffer, at + 8, pairs[i + 1]!)
    at += PAIR_BYTES
  }
  return at
}

function decodeQueues(buffer: Buffer, start: number): QueueState[] {
  const queues: QueueState[] = []
  let at = start + 4
  for (let left = readU32(buffer, start); left > 0; left--) {
    const live = takePairs(buffer, at + QUEUE_BYTES, readU32(buffer, at + 12))
    const returned = takePairs(buffer, at + QUEUE_BYTES + (live.length / 2) * PAIR_BYTES, readU32(buffer, at + 16))
    const state = { queueId: readU32(buffer, at), nextSeq: readU64(buffer, at + 4), live, returned }
    queues.push(state)
    at += queueBytes(state)
  }
  return queues
}

function takePairs(buffer: Buffer, start: number, count: number): Float64Array {
  const pairs = new Float64Array(count * 2)
  for (let i = 0; i < count; i++) {
    pairs[2 * i] = readU64(buffer, start + i * PAIR_BYTES)
    pairs[2 * i + 1] = readU32(buffer, start + i * PAIR_BYTES + 8)
  }
  return pairs
}
