/**
 * Cleans a log: what still lives in segments that are mostly dead is appended again at the end, and the segments die.
 *
 * Bounds (docs/adr/0011): a log is cleaned only when its sealed segments take more than twice what lives in them and a
 * segment, and only segments that are at most half alive. So a byte is moved at most once for each byte that was
 * settled: cleaning writes no more than publishers did. Before anything is moved it is measured exactly.
 */
import { CLEANER_ENTRY_PART, CLEANER_HASTE_MAX, CLEANER_MOVED_PART, CLEANER_UNSTABLE_BYTES_MAX } from '../limits.ts'
import { readU32 } from '../wire/integers.ts'
import { BATCH_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './batch.ts'
import { LivingEntry } from './living-entry.ts'
import { ENTRY_ENQUEUE, entryEnd, entryTypeAt, wireStart } from './record.ts'
import type { Segment } from './segment.ts'
import { Watch, type WatchOptions } from './watch.ts'

/** Those who hold positions in the log. */
export interface Tenants {
  /** What is asked and told next is about these segments, and nothing else happens in between. */
  look(segments: readonly Segment[]): void
  /** Bytes of the body if message `seq` of the queue stands at this place and is not settled; -1 if it does not. */
  bodyBytes(queueId: number, seq: number, segment: number, offset: number): number
  /** The message, which stood in a segment that is looked at, stands here now. */
  move(queueId: number, seq: number, segment: number, offset: number): void
}

export interface CleanerOptions extends WatchOptions {
  tenants: Tenants
  /** A segment is done; `movedBytes` were appended again so far. */
  onCleaned: (movedBytes: number) => void
  /** A segment can't be read back; it is left alone. */
  onDamage: (error: Error) => void
}

/** Part of the tail that cleaning leaves to settlements while the disk is short: one in so many. */
const TAIL_KEPT = 8

/** What moves in a turn, as a multiple of what others append: more than half of the log there is alive then. */
const LEAD = 1.5

/** A segment that is cleaned. */
interface Victim {
  readonly segment: Segment
  /** Entries with a message that lives. */
  readonly places: number[]
  /** Sum of their bytes, as far as they have not been moved. */
  liveBytes: number
  /** How far the segment is measured, and where the batch there ends. */
  at: number
  batchEnd: number
  /** Index of the next place to move. */
  next: number
}

/** All victims are measured one after another, and then moved in turns without a pause. */
interface Job {
  readonly toMeasure: Victim[]
  readonly toMove: Victim[]
  /** Stretches of work a turn: more when there is much to clean. */
  readonly haste: number
  isMoving: boolean
  /** The tail that must be full before anything moves. */
  passed: Segment | null
  isFetching: boolean
}

export class Cleaner {
  /** Segments cleaned, and bytes appended again, since the start. */
  cleaned = 0
  movedBytes = 0
  readonly #options: CleanerOptions
  readonly #entry: LivingEntry
  readonly #watch: Watch
  #job: Job | null = null
  /** Where the log ended at the last step, and the bytes that others appended since. */
  #tail: Segment | null = null
  #head = 0
  #appended = 0
  #isStopped = false

  constructor(options: CleanerOptions) {
    this.#options = options
    this.#entry = new LivingEntry(options.tenants)
    this.#watch = new Watch(options)
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
    if (job === null || job.isFetching || this.#waitsForRoom(job)) return
    if (log.unstableBytes > CLEANER_UNSTABLE_BYTES_MAX) return
    this.#work(job)
  }

  /** Appends nothing more: the log will be closed. */
  stop(): void {
    this.#isStopped = true
    this.#watch.stop()
    this.#job = null
  }

  /** Where there is no room at all, there is nothing to watch for. */
  #nextJob(isShort: boolean): Job | null {
    const { log, segmentBytes } = this.#options
    if (log.isShort && !this.#hasRoomFor(0)) return null
    const found = this.#watch.next(isShort)
    if (found === null) return null
    const haste = Math.min(CLEANER_HASTE_MAX, 1 + Math.floor(found.excess / segmentBytes))
    const toMeasure = found.victims.map(newVictim)
    return { toMeasure, toMove: [], haste, isMoving: false, passed: null, isFetching: false }
  }

  /** Where the disk is short, what is moved must not take the room that settlements need to free other segments. */
  #hasRoomFor(bytes: number): boolean {
    const { log } = this.#options
    const tail = log.tail
    return tail === null || log.hasRoomFor(bytes + Math.floor(tail.bytes / TAIL_KEPT))
  }

  /** Counts what others appended since this appended last. */
  #lookBack(): void {
    const { tail } = this.#options.log
    const head = tail?.head ?? 0
    this.#appended = this.#tail === tail ? head - this.#head : (this.#tail?.head ?? this.#head) - this.#head + head
    this.#noteEnd()
  }

  #noteEnd(): void {
    const { tail } = this.#options.log
    this.#tail = tail
    this.#head = tail?.head ?? 0
  }

  #work(job: Job): void {
    const { wake, tenants } = this.#options
    wake()
    const measured = job.toMeasure[0]
    if (measured !== undefined) this.#measure(job, measured)
    else this.#move(job)
    this.#noteEnd()
    if (job.toMeasure.length > 0 || job.toMove.length > 0) return
    this.#job = null
    // Lets go of what was looked at.
    tenants.look([])
  }

  /** The bytes of the victim; null when they must come from disk first, or nothing lives there any more. */
  #bytesOf(job: Job, { segment }: Victim): Buffer | null {
    if (segment.live === 0) return null
    const { segments } = this.#options.log
    const bytes = segments.bytes(segment.handle)
    if (bytes === null) this.#fetch(job, segment)
    return bytes
  }

  #fetch(job: Job, segment: Segment): void {
    const { log, onDamage } = this.#options
    job.isFetching = true
    log.segments.fetch(segment.handle, error => {
      job.isFetching = false
      if (this.#job !== job) return
      this.#lookBack()
      if (error === null) return this.#work(job)
      const victims = job.toMeasure.length > 0 ? job.toMeasure : job.toMove
      leave(victims.shift()!)
      onDamage(error)
      this.#options.wake()
    })
  }

  /** Finds the entries with messages that live. */
  #measure(job: Job, victim: Victim): void {
    const { segment } = victim
    const bytes = this.#bytesOf(job, victim)
    if (job.isFetching) return
    if (bytes !== null) {
      this.#options.tenants.look([segment])
      this.#walk(victim, bytes, (this.#options.segmentBytes / CLEANER_ENTRY_PART) * job.haste)
      if (victim.at < segment.head) return
    }
    job.toMeasure.shift()
    if (bytes === null) return
    if (victim.liveBytes * 2 > segment.bytes) leave(victim)
    else job.toMove.push(victim)
  }

  #walk(victim: Victim, bytes: Buffer, entries: number): void {
    const { segment } = victim
    for (let left = entries; left > 0 && victim.at < segment.head; left--) {
      if (victim.at === victim.batchEnd) {
        victim.batchEnd = victim.at + readU32(bytes, victim.at + 8)
        victim.at += BATCH_HEADER_BYTES
      }
      const length = readU32(bytes, victim.at)
      if (entryTypeAt(bytes, victim.at) === ENTRY_ENQUEUE && this.#entry.read(segment, bytes, victim.at) > 0) {
        victim.places.push(victim.at)
        victim.liveBytes += length
      }
      victim.at += length
    }
  }

  /** More in each turn than others append meanwhile, so that what is moved stands close together. */
  #move(job: Job): void {
    const { segmentBytes, tenants } = this.#options
    const least = (segmentBytes / CLEANER_MOVED_PART) * job.haste
    if (!job.isMoving && this.#waitsForTail(job, least)) return
    job.isMoving = true
    const goal = this.movedBytes + Math.max(least, this.#appended * LEAD)
    const share = firstOf(job.toMove, goal - this.movedBytes)
    tenants.look(share.map(({ segment }) => segment))
    for (const victim of share) {
      const bytes = this.#bytesOf(job, victim)
      if (job.isFetching || (bytes !== null && this.#lacksRoom(victim))) return
      if (bytes !== null && !this.#movePlaces(victim, bytes, goal)) return
      job.toMove.shift()
    }
  }

  /**
   * Beside heavy traffic, where what moves would lie in one segment more than when it begins with a new one: thinly,
   * and be moved again. The tail is full after a few turns.
   */
  #waitsForTail(job: Job, least: number): boolean {
    const { tail } = this.#options.log
    if (tail === null || this.#appended < least) return false
    if (job.passed !== null) return job.passed === tail
    const bytes = 2 * job.toMove.reduce((sum, { liveBytes }) => sum + liveBytes, 0)
    const { segmentBytes } = this.#options
    if (Math.ceil((tail.head + bytes) / segmentBytes) <= Math.ceil(bytes / segmentBytes)) return false
    job.passed = tail
    return true
  }

  /** False when the turn's share is done before the victim is. */
  #movePlaces(victim: Victim, bytes: Buffer, goal: number): boolean {
    while (victim.next < victim.places.length) {
      if (this.movedBytes >= goal) return false
      const at = victim.places[victim.next++]!
      this.#moveEntry(victim.segment, bytes, at)
      victim.liveBytes -= readU32(bytes, at)
    }
    this.cleaned++
    this.#options.onCleaned(this.movedBytes)
    leave(victim)
    return true
  }

  #lacksRoom({ next, liveBytes }: Victim): boolean {
    return next === 0 && !this.#hasRoomFor(liveBytes)
  }

  /**
   * Until a file is made, without asking for turns: a log at rest may have given all of them back. On a full disk the
   * victims may be others when there is room again.
   */
  #waitsForRoom(job: Job): boolean {
    const victim = job.toMeasure.length > 0 ? undefined : job.toMove[0]
    if (victim === undefined || !this.#lacksRoom(victim)) return false
    const { log } = this.#options
    if (!log.isShort) log.prepare()
    else {
      // Or a full disk would be read without end.
      this.#watch.giveUp()
      this.#job = null
    }
    return true
  }

  #moveEntry(segment: Segment, bytes: Buffer, offset: number): void {
    const { log, tenants } = this.#options
    const { header } = this.#entry
    const count = this.#entry.read(segment, bytes, offset)
    if (count === 0) return
    const end = entryEnd(bytes, offset)
    const to = log.appendEnqueue(header, bytes, wireStart(bytes, offset), end)
    for (let i = 0; i < count; i++) tenants.move(header.queueIds[i]!, header.seqs[i]!, log.segment, to)
    log.segments.release(segment.handle, count, count * header.bodyBytes)
    this.movedBytes += end - offset
  }
}

function newVictim(segment: Segment): Victim {
  const batchEnd = segment.owner.durable ? SEGMENT_HEADER_BYTES : -1
  return { segment, places: [], liveBytes: 0, at: SEGMENT_HEADER_BYTES, batchEnd, next: 0 }
}

/** The first of them, as many as have `bytes` bytes to move. Of more nobody is asked in one turn. */
function firstOf(victims: readonly Victim[], bytes: number): readonly Victim[] {
  let count = 0
  for (let sum = 0; sum < bytes && count < victims.length; count++) sum += victims[count]!.liveBytes
  return victims.slice(0, count)
}

/** What is left in the segment can't be moved, or is too much: it is looked at again once a quarter of it is gone. */
function leave({ segment }: Victim): void {
  segment.cleanBelow = Math.floor((segment.live * 3) / 4)
}
