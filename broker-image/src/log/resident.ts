/** Memory for the images of segments: how much is in use, what is used again, and who must leave first. */
import { SEGMENT_BUFFERS_SPARE_MAX } from '../limits.ts'
import type { Segment, SegmentTableOptions } from './segment.ts'

/** Counts and reuses the buffers of segments. */
export class ResidentMemory {
  /** Bytes of images in use. */
  bytes = 0
  readonly #segmentBytes: number
  readonly #bytesMax: number
  readonly #spare: Buffer[] = []

  constructor(options: SegmentTableOptions) {
    this.#segmentBytes = options.segmentBytes
    this.#bytesMax = options.residentBytesMax
  }

  get exceeded(): boolean {
    return this.bytes > this.#bytesMax
  }

  /** A buffer with whatever was in it. */
  take(bytes: number): Buffer {
    this.bytes += bytes
    const spare = bytes === this.#segmentBytes ? this.#spare.pop() : undefined
    return spare ?? Buffer.allocUnsafeSlow(bytes)
  }

  give(buffer: Buffer): void {
    this.bytes -= buffer.length
    const isUsual = buffer.length === this.#segmentBytes
    if (isUsual && this.#spare.length < SEGMENT_BUFFERS_SPARE_MAX) this.#spare.push(buffer)
  }

  /**
   * The segment whose bytes are wanted last: never read before read, and the newest of those, since a queue is read
   * from its oldest message on; among read ones the one whose last read is longest ago. What was read in this `turn`
   * stays, or a queue whose memory is taken by others would fetch its first segment for ever.
   */
  victim(segments: readonly (Segment | null)[], turn: number): Segment | null {
    let victim: Segment | null = null
    for (const segment of segments) {
      if (segment === null || !mayLeave(segment) || segment.lastRead === turn) continue
      if (victim === null || leavesBefore(segment, victim)) victim = segment
    }
    return victim
  }
}

function mayLeave(segment: Segment): boolean {
  return segment.buffer !== null && segment.sealed && segment.stable === segment.head && segment.waiting === null
}

function leavesBefore(a: Segment, b: Segment): boolean {
  return a.lastRead === b.lastRead ? a.baseLsn > b.baseLsn : a.lastRead < b.lastRead
}
