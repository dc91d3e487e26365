/** Segments: the pieces of the logs, in memory byte for byte as on disk, and the table that names them. */

/** 16 MiB (limits.SEGMENT_BYTES) of one log, or the size of one message that is larger. */
export class Segment {
  readonly handle: number
  buffer: Buffer | null = null
  live = 0

  constructor(handle: number) {
    this.handle = handle
  }
}

/**
 * Every segment of all logs of a node by a small integer handle (0 = none; handles are used again).
 * Bytes taken from the table stay as they are until the turn of the event loop ends: only `commit` of a log, or the
 * end of a `fetch`, moves memory.
 */
export class SegmentTable {
  get(handle: number): Segment {
    throw new Error(`not yet: ${handle}`)
  }

  /** Bytes of the segment if they are in memory, else null; then `fetch` brings them. */
  bytes(handle: number): Buffer | null {
    throw new Error(`not yet: ${handle}`)
  }

  /** Reads the segment into memory and then calls `done`; the bytes are there while `done` runs. */
  fetch(handle: number, done: (error: Error | null) => void): void {
    throw new Error(`not yet: ${handle} ${done}`)
  }

  /** `count` more messages live in the segment. */
  retain(handle: number, count: number): void {
    throw new Error(`not yet: ${handle} ${count}`)
  }

  /** `count` messages of the segment are settled; at zero, once sealed and stable, it is freed. */
  release(handle: number, count: number): void {
    throw new Error(`not yet: ${handle} ${count}`)
  }
}
