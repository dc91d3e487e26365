/** Segments: the pieces of the logs, in memory byte for byte as on disk, and the table that names them. */
import { SEGMENT_HEADER_BYTES } from './batch.ts'
import type { DiskFile } from './disk.ts'
import { ResidentMemory } from './resident.ts'

/** The log of a segment, as far as the table needs it. */
export interface SegmentOwner {
  /** Its entries stand in batches. */
  readonly durable: boolean
  /** Its files are closed. What is in memory stays there: timers may still ask for it. */
  readonly isClosed: boolean
  /** Nothing lives in the segment any more, and its memory is given back. The owner frees its file and its handle. */
  dead(segment: Segment): void
  /** Memory is short: brings a segment without a file to disk. Called again until it has one. */
  spill(segment: Segment): void
  /** What is wrong with bytes that were read back from disk; null = nothing. */
  check(segment: Segment, buffer: Buffer): Error | null
}

/**
 * 16 MiB (limits.SEGMENT_BYTES) of one log, the size of one message that is larger, or less where the disk is full.
 * Invariant: SEGMENT_HEADER_BYTES <= stable <= head <= bytes; bytes below `stable` never change.
 */
export class Segment {
  readonly handle: number
  readonly owner: SegmentOwner
  /** Size of the file, and what of the image may be used. */
  bytes: number
  /** The image, as long as it is in memory. Not sealed implies in memory. */
  buffer: Buffer | null = null
  /** Null until the first flush (or the spill, for a transient log). */
  file: DiskFile | null = null
  /** End of what is appended. */
  head = SEGMENT_HEADER_BYTES
  /** End of what is on disk. */
  stable = 0
  /** End of what the running group commit writes. */
  target = 0
  /** No more entries come. */
  sealed = false
  /** Messages of the segment that are not settled, counted once a queue. */
  live = 0
  /** Bytes of the bodies of those. */
  liveBytes = 0
  /** Messages that were ever appended, and the queues they went to: how many queues share one message's bytes. */
  entries = 0
  targets = 0
  /** The cleaner does not look at the segment while more messages live in it: most of it is alive, or can't be moved. */
  cleanBelow = Number.POSITIVE_INFINITY
  baseLsn = 0
  /** LSN behind the last entry. */
  nextLsn = 0
  /** Turn of the last read; 0 = never read. */
  lastRead = 0
  /** Its memory is freed because nothing lives in it. */
  isDead = false
  /** Read from disk ahead of its reader. */
  ahead = false
  /** In the table's list of segments to look at. */
  listed = false
  /** Why the last read from disk gave nothing; null = it did, or there was none. */
  failure: Error | null = null
  /** Callers that wait for its bytes; null = no read runs. */
  waiting: ((error: Error | null) => void)[] | null = null
  /** Neighbours in the same log. */
  previous: Segment | null = null
  next: Segment | null = null

  constructor(handle: number, owner: SegmentOwner, bytes: number) {
    this.handle = handle
    this.owner = owner
    this.bytes = bytes
  }
}

/** Sizes of a segment table. */
export interface SegmentTableOptions {
  /** Size of the usual segment; images of this size are used again. */
  segmentBytes: number
  /** Bytes of images kept in memory; what is not on disk yet may exceed it for a while. */
  residentBytesMax: number
}

/**
 * Every segment of all logs of a node by a small integer handle (0 = none; handles are used again).
 * Bytes taken from the table stay as they are until the turn of the event loop ends: only `sweep` (every `commit` of a
 * log calls it) and the end of a `fetch` move memory.
 */
export class SegmentTable {
  readonly #slots: (Segment | null)[] = [null]
  readonly #freeHandles: number[] = []
  readonly #memory: ResidentMemory
  #unsettled: Segment[] = []
  #turn = 1

  constructor(options: SegmentTableOptions) {
    this.#memory = new ResidentMemory(options)
  }

  /** Bytes of images in memory now. */
  get residentBytes(): number {
    return this.#memory.bytes
  }

  /** Segments that exist. */
  get count(): number {
    return this.#slots.length - 1 - this.#freeHandles.length
  }

  get(handle: number): Segment {
    const segment = this.#slots[handle]
    if (segment === null || segment === undefined) throw new Error(`no segment has handle ${handle}`)
    return segment
  }

  /** False once its handle is free, or names another segment. */
  exists(segment: Segment): boolean {
    return this.#slots[segment.handle] === segment
  }

  /** Bytes of the segment if they are in memory, else null; then `fetch` brings them. */
  bytes(handle: number): Buffer | null {
    const segment = this.get(handle)
    segment.lastRead = this.#turn
    if (segment.ahead) this.#readAhead(segment)
    return segment.buffer
  }

  /**
   * Reads the segment into memory and then calls `done`; the bytes are there while `done` runs. Later callers join the
   * first. The error of a damaged segment is a LogCorruptError. Nobody hears of a segment whose log was closed.
   */
  fetch(handle: number, done: (error: Error | null) => void): void {
    const segment = this.get(handle)
    segment.lastRead = this.#turn
    if (segment.buffer !== null) {
      queueMicrotask(() => done(null))
      return
    }
    if (segment.waiting !== null) {
      segment.waiting.push(done)
      return
    }
    this.#load(segment, [done])
    this.#readAhead(segment)
  }

  /** For recovery: the bodies of messages that live in the segment have `bytes` bytes more. */
  weigh(handle: number, bytes: number): void {
    this.get(handle).liveBytes += bytes
  }

  /** `count` messages of the segment, whose bodies have `bytes` bytes, left it; at zero, once sealed and stable, it is freed. */
  release(handle: number, count: number, bytes: number): void {
    const segment = this.get(handle)
    segment.live -= count
    segment.liveBytes -= bytes
    if (segment.live > 0) return
    if (segment.live < 0) throw new Error(`segment ${handle} is released more often than retained`)
    if (segment.sealed) this.look(segment)
  }

  /** A new segment with a zeroed header and memory for its image. */
  open(owner: SegmentOwner, bytes: number): Segment {
    const segment = this.reserve(owner, bytes)
    segment.buffer = this.#memory.take(bytes)
    segment.buffer.fill(0, 0, SEGMENT_HEADER_BYTES)
    return segment
  }

  /** A new segment that has no memory yet. */
  reserve(owner: SegmentOwner, bytes: number): Segment {
    const handle = this.#freeHandles.pop() ?? this.#slots.length
    const segment = new Segment(handle, owner, bytes)
    this.#slots[handle] = segment
    return segment
  }

  /** Memory for the image of a segment that has none. */
  bring(segment: Segment): Buffer {
    segment.buffer ??= this.#memory.take(segment.bytes)
    return segment.buffer
  }

  /** The handle may name another segment from now on; whoever waits for its bytes hears nothing more. */
  remove(segment: Segment): void {
    if (segment.previous !== null) segment.previous.next = segment.next
    if (segment.next !== null) segment.next.previous = segment.previous
    segment.previous = null
    segment.next = null
    this.#drop(segment)
    this.#slots[segment.handle] = null
    this.#freeHandles.push(segment.handle)
  }

  /** The next `sweep` looks whether the segment is dead. */
  look(segment: Segment): void {
    if (segment.listed) return
    segment.listed = true
    this.#unsettled.push(segment)
  }

  /** Frees what is dead, and brings memory back below its bound. */
  sweep(): void {
    this.#turn += 1
    if (this.#unsettled.length > 0) this.#bury()
    if (this.#memory.exceeded) this.#trim()
  }

  #bury(): void {
    const looked = this.#unsettled
    this.#unsettled = []
    for (const segment of looked) {
      segment.listed = false
      if (segment.live > 0 || segment.isDead || segment.stable < segment.head) continue
      if (segment.waiting !== null) this.look(segment)
      else this.#die(segment)
    }
  }

  #die(segment: Segment): void {
    segment.isDead = true
    this.#drop(segment)
    segment.owner.dead(segment)
  }

  #drop(segment: Segment): void {
    if (segment.buffer === null) return
    this.#memory.give(segment.buffer)
    segment.buffer = null
  }

  #trim(): void {
    while (this.#memory.exceeded) {
      const victim = this.#memory.victim(this.#slots, this.#turn)
      if (victim === null) return
      if (victim.file === null) {
        victim.owner.spill(victim)
        return
      }
      this.#drop(victim)
    }
  }

  #readAhead(segment: Segment): void {
    segment.ahead = false
    const next = segment.next
    if (next === null || next.buffer !== null || next.waiting !== null || next.file === null || next.live === 0) return
    next.ahead = true
    this.#load(next, [])
  }

  #load(segment: Segment, waiting: ((error: Error | null) => void)[]): void {
    if (segment.owner.isClosed) return
    if (segment.file === null) throw new Error(`segment ${segment.handle} is neither in memory nor on disk`)
    segment.waiting = waiting
    const buffer = this.#memory.take(segment.bytes)
    segment.file.read(buffer, 0, segment.head, failure => {
      if (this.#slots[segment.handle] !== segment) {
        this.#memory.give(buffer)
        return
      }
      const error = failure ?? segment.owner.check(segment, buffer)
      segment.waiting = null
      segment.failure = error
      if (waiting.length > 0) this.#turn += 1
      segment.lastRead = this.#turn
      if (error === null) segment.buffer = buffer
      else this.#memory.give(buffer)
      for (const done of waiting) done(error)
      if (this.#memory.exceeded) this.#trim()
    })
  }
}
