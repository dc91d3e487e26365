/**
 * Cleans a log: what still lives in a segment that is mostly dead is appended again at the end, and the segment dies.
 *
 * Bounds (docs/adr/0011): a log is cleaned only when its sealed segments take more than twice what lives in them and a
 * segment, and only a segment that is at most half alive. So a byte is moved at most once for each byte that was
 * settled: cleaning writes no more than publishers did. At the start of a job the segment is measured exactly.
 */
import { CLEANER_HASTE_MAX, CLEANER_MOVED_PART, CLEANER_UNSTABLE_BYTES_MAX, CLEANER_WALKED_PART } from '../limits.ts'
import { readU32, readU64 } from '../wire/integers.ts'
import { BATCH_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './batch.ts'
import {
  ENQUEUE_HEADER_BYTES,
  ENTRY_ENQUEUE,
  type EnqueueHeader,
  entryEnd,
  entryTypeAt,
  FLAG_EXPIRY,
  FLAG_MOVED,
  flagsAt,
  keyLengthAt,
  targetBytes,
  wireStart,
} from './record.ts'
import type { Segment } from './segment.ts'
import type { ShardLog } from './shard-log.ts'

/** Those who hold positions in the log. */
export interface Tenants {
  /** What is asked and told next is about this segment, and nothing else happens in between. */
  look(segment: number): void
  /** Bytes of the body if message `seq` of the queue stands at this place and is not settled; -1 if it does not. */
  bodyBytes(queueId: number, seq: number, segment: number, offset: number): number
  /** The message, which stood in the segment that is looked at, stands here now. */
  move(queueId: number, seq: number, segment: number, offset: number): void
}

export interface CleanerOptions {
  log: ShardLog
  tenants: Tenants
  /** Size of the usual segment. */
  segmentBytes: number
  /** Turns in which a segment is watched before it is cleaned; default 0. */
  patienceTurns?: number
  /** Asks for another `step`, since there is more to do. */
  wake: () => void
  /** A segment is done; `movedBytes` were appended again so far. */
  onCleaned: (movedBytes: number) => void
  /** A segment can't be read back; it is left alone. */
  onDamage: (error: Error) => void
}

/** Bytes of an entry beside the body, about: headers, one target, keys and a few properties. */
const ENTRY_OVERHEAD_BYTES = 96
/** Segments that are looked at in one turn to find out whether there is anything to clean. */
const SEGMENTS_LOOKED_AT = 64
/** A segment that loses more than one in so many of its messages while it is watched is about to be empty. */
const EMPTYING_PART = 8
/** Part of the tail that cleaning leaves to settlements while the disk is short: one in so many. */
const TAIL_KEPT = 8

interface Job {
  readonly segment: Segment
  /** Turns in which the segment is still watched, and how many messages lived in it at first. */
  patience: number
  readonly liveAtFirst: number
  /** Entries with a message that lives, and the sum of their bytes. */
  readonly places: number[]
  liveBytes: number
  /** How far the segment is measured, and where the batch there ends. */
  at: number
  batchEnd: number
  isMeasured: boolean
  /** Index of the next place to move. */
  next: number
  /** Stretches of work a turn: more when there is much to clean. */
  readonly haste: number
  isFetching: boolean
}

export class Cleaner {
  /** Segments cleaned, and bytes appended again, since the start. */
  cleaned = 0
  movedBytes = 0
  readonly #options: CleanerOptions
  readonly #header: EnqueueHeader = {
    flags: 0,
    keyLength: 0,
    bodyBytes: 0,
    targetCount: 0,
    queueIds: new Uint32Array(0),
    seqs: new Float64Array(0),
    expiresAtMs: new Float64Array(0),
  }
  #job: Job | null = null
  /** Where the log ended at the last step, and the bytes that others appended since. */
  #tail: Segment | null = null
  #head = 0
  #appended = 0
  /** Turns until the segments are looked at again. */
  #rest = 0
  #isStopped = false

  constructor(options: CleanerOptions) {
    this.#options = options
  }

  /**
   * Does one turn's share of the work, before the log's commit. `isShort`: the disk is short of room, so that every
   * segment that is at most half alive is cleaned, whatever there is of others.
   */
  step(isShort: boolean): void {
    const { log } = this.#options
    if (this.#isStopped) return
    this.#lookBack()
    this.#job ??= this.#nextJob(isShort)
    const job = this.#job
    if (job === null || this.#watches(job) || job.isFetching || log.unstableBytes > CLEANER_UNSTABLE_BYTES_MAX) return
    const bytes = job.segment.live === 0 ? null : log.segments.bytes(job.segment.handle)
    if (job.segment.live === 0) this.#end()
    else if (bytes === null) this.#fetch(job)
    else this.#work(job, bytes)
    this.#head = log.tail?.head ?? 0
    this.#tail = log.tail
  }

  /** Appends nothing more: the log will be closed. */
  stop(): void {
    this.#isStopped = true
    this.#job = null
  }

  /** What flows through leaves segments that are nearly empty behind it, and soon empty: to move that is for nothing. */
  #watches(job: Job): boolean {
    if (job.patience === 0) return false
    job.patience--
    if (job.patience === 0 && job.segment.live * EMPTYING_PART < job.liveAtFirst * (EMPTYING_PART - 1)) this.#end()
    else this.#options.wake()
    return true
  }

  /** The segment least alive, the oldest of equals, if enough of the log is dead. */
  #nextJob(isShort: boolean): Job | null {
    if (this.#rest-- > 0) return null
    const { log, segmentBytes } = this.#options
    let space = 0
    let live = 0
    let looked = 0
    let victim: Segment | null = null
    let least = Number.POSITIVE_INFINITY
    for (let segment = log.tail?.previous ?? null; segment !== null; segment = segment.previous) {
      looked++
      if (segment.live === 0) continue
      const bytes = liveBytesOf(segment)
      space += segment.bytes
      live += bytes
      if (bytes > least || bytes * 2 > segment.bytes || !mayBeCleaned(segment)) continue
      victim = segment
      least = bytes
    }
    this.#rest = Math.floor(looked / SEGMENTS_LOOKED_AT)
    const excess = isShort ? space : space - 2 * live - segmentBytes
    if (victim === null || excess <= 0 || !this.#hasRoomFor(least)) return null
    const haste = Math.min(CLEANER_HASTE_MAX, 1 + Math.floor(excess / segmentBytes))
    return newJob(victim, { haste, patience: this.#options.patienceTurns ?? 0 })
  }

  /** Where the disk is short, what is moved must not take the room that settlements need to free other segments. */
  #hasRoomFor(bytes: number): boolean {
    const { log } = this.#options
    const tail = log.tail
    return tail === null || log.hasRoomFor(bytes + Math.floor(tail.bytes / TAIL_KEPT))
  }

  /** Counts what was appended since the last step. */
  #lookBack(): void {
    const { tail } = this.#options.log
    const head = tail?.head ?? 0
    this.#appended = this.#tail === tail ? head - this.#head : (this.#tail?.head ?? this.#head) - this.#head + head
    this.#tail = tail
    this.#head = head
  }

  #fetch(job: Job): void {
    const { log, onDamage } = this.#options
    job.isFetching = true
    log.segments.fetch(job.segment.handle, error => {
      job.isFetching = false
      if (this.#job !== job) return
      if (error !== null) {
        this.#leave(job)
        onDamage(error)
        return
      }
      const bytes = log.segments.bytes(job.segment.handle)
      if (job.segment.live > 0 && bytes !== null) this.#work(job, bytes)
      else this.#end()
    })
  }

  #work(job: Job, bytes: Buffer): void {
    this.#options.tenants.look(job.segment.handle)
    if (job.isMeasured) this.#move(job, bytes)
    else this.#measure(job, bytes)
    this.#options.wake()
  }

  /** Finds the entries with messages that live. */
  #measure(job: Job, bytes: Buffer): void {
    const { segment } = job
    const end = Math.min(segment.head, job.at + (this.#options.segmentBytes / CLEANER_WALKED_PART) * job.haste)
    while (job.at < end) {
      if (job.at === job.batchEnd) {
        job.batchEnd = job.at + readU32(bytes, job.at + 8)
        job.at += BATCH_HEADER_BYTES
      }
      const length = readU32(bytes, job.at)
      if (entryTypeAt(bytes, job.at) === ENTRY_ENQUEUE && this.#gather(segment, bytes, job.at) > 0) {
        job.places.push(job.at)
        job.liveBytes += length
      }
      job.at += length
    }
    if (job.at < segment.head) return
    job.isMeasured = true
    if (job.liveBytes * 2 > segment.bytes || !this.#hasRoomFor(job.liveBytes)) this.#leave(job)
  }

  /**
   * At least as much as others append meanwhile, so that what is moved stands close together. What lives in one segment
   * may still be little: beside heavy traffic it then comes to lie thinly again, and is moved again (docs/adr/0011).
   */
  #move(job: Job, bytes: Buffer): void {
    const stretch =
      this.movedBytes + Math.max((this.#options.segmentBytes / CLEANER_MOVED_PART) * job.haste, this.#appended)
    while (job.next < job.places.length && this.movedBytes < stretch) {
      this.#moveEntry(job.segment, bytes, job.places[job.next]!)
      job.next++
    }
    if (job.next < job.places.length) return
    this.cleaned++
    this.#options.onCleaned(this.movedBytes)
    this.#leave(job)
  }

  #moveEntry(segment: Segment, bytes: Buffer, offset: number): void {
    const { log, tenants } = this.#options
    const header = this.#header
    const count = this.#gather(segment, bytes, offset)
    if (count === 0) return
    header.flags = (flagsAt(bytes, offset) & ~FLAG_EXPIRY) | FLAG_MOVED
    header.keyLength = keyLengthAt(bytes, offset)
    const end = entryEnd(bytes, offset)
    const to = log.appendEnqueue(header, bytes, wireStart(bytes, offset), end)
    for (let i = 0; i < count; i++) tenants.move(header.queueIds[i]!, header.seqs[i]!, log.segment, to)
    log.segments.release(segment.handle, count, count * header.bodyBytes)
    this.movedBytes += end - offset
  }

  /** Puts the targets of an entry into the header for which it lives; answers how many there are. */
  #gather(segment: Segment, bytes: Buffer, offset: number): number {
    const header = this.#header
    const hasExpiry = (flagsAt(bytes, offset) & FLAG_EXPIRY) !== 0
    const step = targetBytes(flagsAt(bytes, offset))
    const end = wireStart(bytes, offset)
    let count = 0
    for (let at = offset + ENQUEUE_HEADER_BYTES; at < end; at += step) {
      const queueId = readU32(bytes, at)
      const seq = readU64(bytes, at + 4)
      const bodyBytes = this.#options.tenants.bodyBytes(queueId, seq, segment.handle, offset)
      if (bodyBytes < 0) continue
      if (count === header.queueIds.length) grow(header)
      header.queueIds[count] = queueId
      header.seqs[count] = seq
      header.expiresAtMs[count] = hasExpiry ? readU64(bytes, at + 12) : 0
      header.bodyBytes = bodyBytes
      count++
    }
    header.targetCount = count
    return count
  }

  /** What is left in the segment can't be moved, or is too much: it is looked at again once a quarter of it is gone. */
  #leave({ segment }: Job): void {
    segment.cleanBelow = Math.floor((segment.live * 3) / 4)
    this.#end()
  }

  #end(): void {
    this.#job = null
    this.#options.wake()
  }
}

function newJob(segment: Segment, how: { haste: number; patience: number }): Job {
  const { durable } = segment.owner
  const batchEnd = durable ? SEGMENT_HEADER_BYTES : -1
  const progress = { at: SEGMENT_HEADER_BYTES, batchEnd, isMeasured: false, next: 0, isFetching: false }
  return { segment, ...how, liveAtFirst: segment.live, places: [], liveBytes: 0, ...progress }
}

function mayBeCleaned(segment: Segment): boolean {
  return segment.stable === segment.head && segment.live <= segment.cleanBelow
}

/** An estimate by the bodies; messages that went to many queues count with the mean of their segment. */
function liveBytesOf({ head, live, liveBytes, entries, targets }: Segment): number {
  const bytes = liveBytes + live * ENTRY_OVERHEAD_BYTES
  return Math.min(head, targets === 0 ? bytes : (bytes * entries) / targets)
}

function grow(header: EnqueueHeader): void {
  const length = Math.max(16, header.queueIds.length * 2)
  const { queueIds, seqs, expiresAtMs } = header
  header.queueIds = new Uint32Array(length)
  header.seqs = new Float64Array(length)
  header.expiresAtMs = new Float64Array(length)
  header.queueIds.set(queueIds)
  header.seqs.set(seqs)
  header.expiresAtMs.set(expiresAtMs)
}
