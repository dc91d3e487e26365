/** An owner of a log for tests: the queues that its entries add up to, as plainly as possible. */
import { encodeQueueStates, type QueueState } from '../../src/log/checkpoint.ts'
import type { Tenants } from '../../src/log/cleaner.ts'
import type { Disk } from '../../src/log/disk.ts'
import { type EnqueueHeader, entryEnd, wireStart } from '../../src/log/record.ts'
import { type LogOptions, recover } from '../../src/log/recovery.ts'
import type { Replay } from '../../src/log/replay.ts'
import { type Segment, SegmentTable } from '../../src/log/segment.ts'
import type { ShardLog } from '../../src/log/shard-log.ts'
import type { MemoryDisk } from './memory-disk.ts'

export interface Message {
  segment: number
  offset: number
  /** Bytes of its wire form, which stand for the body. */
  bytes: number
  expiresAtMs: number
  deliveryCount: number
}

export interface QueueModel {
  nextSeq: number
  live: Map<number, Message>
}

/** Queues by id; a queue exists from its first message until it is deleted. */
export class Queues implements Replay {
  readonly queues = new Map<number, QueueModel>()
  readonly definitions: string[] = []
  /** What lives is released here when it is settled. */
  segments: SegmentTable | null = null

  queue(queueId: number, nextSeq: number): void {
    this.of(queueId).nextSeq = nextSeq
  }

  enqueue(queueId: number, seq: number, segment: number, offset: number, expiresAtMs: number): boolean {
    const image = this.segments?.bytes(segment)
    const bytes = image ? entryEnd(image, offset) - wireStart(image, offset) : 0
    this.segments?.weigh(segment, bytes)
    this.put(queueId, seq, { segment, offset, bytes, expiresAtMs, deliveryCount: 0 })
    return true
  }

  /** A message that came, or stands elsewhere in the log now. */
  put(queueId: number, seq: number, message: Message): void {
    const queue = this.of(queueId)
    const known = queue.live.get(seq)
    if (known !== undefined) this.segments?.release(known.segment, 1, known.bytes)
    queue.live.set(seq, { ...message, deliveryCount: known?.deliveryCount ?? 0 })
    queue.nextSeq = Math.max(queue.nextSeq, seq + 1)
  }

  settle(queueId: number, firstSeq: number, count: number): void {
    for (let seq = firstSeq; seq < firstSeq + count; seq++) this.#remove(this.of(queueId), seq)
  }

  returned(queueId: number, seq: number, deliveryCount: number): void {
    const message = this.of(queueId).live.get(seq)
    if (message !== undefined) message.deliveryCount = deliveryCount
  }

  purge(queueId: number, beforeSeq: number): void {
    const queue = this.of(queueId)
    for (const seq of [...queue.live.keys()]) if (seq < beforeSeq) this.#remove(queue, seq)
  }

  queueDeleted(queueId: number): void {
    this.purge(queueId, Number.POSITIVE_INFINITY)
    this.queues.delete(queueId)
  }

  definition(bytes: Buffer): void {
    this.definitions.push(bytes.toString('latin1'))
  }

  snapshot(bytes: Buffer): void {
    this.definitions.push(...JSON.parse(bytes.toString('latin1')))
  }

  of(queueId: number): QueueModel {
    let queue = this.queues.get(queueId)
    if (queue === undefined) {
      queue = { nextSeq: 1, live: new Map() }
      this.queues.set(queueId, queue)
    }
    return queue
  }

  states(): QueueState[] {
    return [...this.queues].map(([queueId, { nextSeq, live }]) => {
      const seqs = [...live.keys()].sort((a, b) => a - b)
      const returned = seqs.filter(seq => live.get(seq)!.deliveryCount > 0)
      return {
        queueId,
        nextSeq,
        live: runsOf(seqs),
        returned: returned.flatMap(seq => [seq, live.get(seq)!.deliveryCount]),
      }
    })
  }

  #remove(queue: QueueModel, seq: number): void {
    const message = queue.live.get(seq)
    if (message === undefined) return
    queue.live.delete(seq)
    this.segments?.release(message.segment, 1, message.bytes)
  }
}

/** First seq and length of each run of neighbours. */
function runsOf(seqs: readonly number[]): number[] {
  const runs: number[] = []
  for (const seq of seqs) {
    if (runs.length > 0 && runs.at(-2)! + runs.at(-1)! === seq) runs.push(runs.pop()! + 1)
    else runs.push(seq, 1)
  }
  return runs
}

/** Tells a cleaner where the messages of queues stand, in the segments that it looks at. */
export class TestTenants implements Tenants {
  /** Most segments that were looked at together. */
  lookedMax = 0
  readonly #queues: Queues
  #looked: readonly Segment[] = []

  constructor(queues: Queues) {
    this.#queues = queues
  }

  look(segments: readonly Segment[]): void {
    this.#looked = segments
    this.lookedMax = Math.max(this.lookedMax, segments.length)
  }

  bodyBytes(queueId: number, seq: number, segment: number, offset: number): number {
    if (!this.#looked.some(({ handle }) => handle === segment)) throw new Error(`nobody looks at segment ${segment}`)
    const message = this.#queues.queues.get(queueId)?.live.get(seq)
    return message?.segment === segment && message.offset === offset ? message.bytes : -1
  }

  move(queueId: number, seq: number, segment: number, offset: number): void {
    const message = this.#queues.of(queueId).live.get(seq)!
    message.segment = segment
    message.offset = offset
  }
}

/** Small segments, so that a test crosses many. */
export const SMALL_SEGMENT_BYTES = 4_096
/** Three of them, so that most are read back from disk. */
export const RESIDENT_BYTES_MAX = 3 * SMALL_SEGMENT_BYTES

/** A log on a disk together with its queues. */
export interface OpenLog {
  log: ShardLog
  queues: Queues
  segments: SegmentTable
  errors: Error[]
}

export function openLog(disk: Disk, options: Partial<LogOptions> = {}, residentBytesMax = RESIDENT_BYTES_MAX): OpenLog {
  const segmentBytes = options.segmentBytes ?? SMALL_SEGMENT_BYTES
  const segments = options.segments ?? new SegmentTable({ segmentBytes, residentBytesMax })
  const queues = new Queues()
  queues.segments = segments
  const defaults = { shardId: 7, segments, segmentBytes, now: () => 1_000, newIdentity: () => 99 }
  const log = recover(disk, { ...defaults, spareMax: 3, uncheckpointedMax: 2, ...options }, queues)
  const errors: Error[] = []
  log.onError = error => errors.push(error)
  log.checkpointSource = () => encodeQueueStates(queues.states())
  return { log, queues, segments, errors }
}

/** Appends one message with `body` as its wire form to `queueIds`, and puts it in the queues. */
export function publish(open: OpenLog, queueIds: number[], body: Buffer, expiresAtMs = 0): void {
  const header: EnqueueHeader = {
    flags: 1,
    keyLength: 2,
    bodyBytes: body.length,
    targetCount: queueIds.length,
    queueIds: Uint32Array.from(queueIds),
    seqs: Float64Array.from(queueIds.map(id => open.queues.of(id).nextSeq)),
    expiresAtMs: new Float64Array(queueIds.length).fill(expiresAtMs),
  }
  const offset = open.log.appendEnqueue(header, body, 0, body.length)
  for (const [i, id] of queueIds.entries()) {
    const place = { segment: open.log.segment, offset, bytes: body.length }
    open.queues.put(id, header.seqs[i]!, { ...place, expiresAtMs, deliveryCount: 0 })
  }
}

/** Settles messages in the log and in the queues. */
export function settle(open: OpenLog, queueId: number, firstSeq: number, count: number): void {
  open.log.appendSettle(queueId, firstSeq, count, 0)
  open.queues.settle(queueId, firstSeq, count)
}

/** The wire form of a message, read back from disk if it is not in memory. */
export function bodyOf(open: OpenLog, disk: MemoryDisk, message: Message): Buffer {
  let bytes = open.segments.bytes(message.segment)
  if (bytes === null) {
    open.segments.fetch(message.segment, error => {
      if (error !== null) throw error
      bytes = open.segments.bytes(message.segment)
    })
    disk.run()
  }
  if (bytes === null) throw new Error('the bytes did not come')
  return Buffer.from(bytes.subarray(wireStart(bytes, message.offset), entryEnd(bytes, message.offset)))
}

/** Commits, and lets the disk do all its work. */
export function flush(open: OpenLog, disk: MemoryDisk): void {
  open.log.commit()
  disk.run()
}
