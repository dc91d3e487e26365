/** Takes checkpoints, and lets go of the segments that they make superfluous. */
import { CHECKPOINT_DEAD_TIMES } from '../limits.ts'
import {
  CHECKPOINT_FILE,
  CHECKPOINT_TEMPORARY_FILE,
  type CheckpointHeader,
  encodeCheckpoint,
  type SegmentExtent,
} from './checkpoint.ts'
import type { Disk, DiskDone } from './disk.ts'
import { asDiskFull } from './errors.ts'
import type { Segment } from './segment.ts'

/** What the checkpointer needs to know of its log. */
export interface CheckpointerOptions {
  shardId: number
  identity: number
  /** Dead segments that may wait for a checkpoint. */
  uncheckpointedMax: number
}

/** Where the log stands when a checkpoint is captured. */
export interface CheckpointPosition {
  /** LSN of the last entry appended. */
  lsn: number
  /** The batch that must be stable before the checkpoint may be. */
  batch: number
}

interface Capture {
  position: CheckpointPosition
  content: Buffer
  /** Dead segments that this checkpoint does without. */
  dead: Segment[]
}

/**
 * Invariants: a checkpoint becomes durable only after its last entry is stable; a file is given back only after a
 * durable checkpoint that does not name its segment.
 */
export class Checkpointer {
  readonly #disk: Disk
  readonly #options: CheckpointerOptions
  readonly #done: (error: Error | null, freed: Segment[]) => void
  #dead: Segment[] = []
  /** Bytes of the last checkpoint. */
  #bytes = 0
  #capture: Capture | null = null
  #writing = false

  /** `done` gets the segments whose files are free after a checkpoint, or the error that prevented it. */
  constructor(disk: Disk, options: CheckpointerOptions, done: (error: Error | null, freed: Segment[]) => void) {
    this.#disk = disk
    this.#options = options
    this.#done = done
  }

  /**
   * Enough dead segments wait, and no checkpoint is under way: more than the options say, and several times as many bytes
   * as the last checkpoint had. `isSoon`: one is enough.
   */
  isDue(isSoon: boolean): boolean {
    if (this.#capture !== null) return false
    if (isSoon) return this.hasDead
    return this.#dead.length > this.#options.uncheckpointedMax && this.#deadBytes >= this.#bytes * CHECKPOINT_DEAD_TIMES
  }

  /** Segments wait for a checkpoint that does without them. */
  get hasDead(): boolean {
    return this.#dead.length > 0
  }

  get #deadBytes(): number {
    return this.#dead.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get busy(): boolean {
    return this.#capture !== null
  }

  /** Nothing lives in the segment any more; its settlements are needed until the next checkpoint. */
  add(segment: Segment): void {
    this.#dead.push(segment)
  }

  /** Holds the state; `segments` are all of the log in order, dead ones included. */
  capture(position: CheckpointPosition, payload: Buffer, segments: Iterable<Segment>): void {
    const header: CheckpointHeader = {
      shardId: this.#options.shardId,
      identity: this.#options.identity,
      lsn: position.lsn,
      segments: needed(segments),
    }
    const content = encodeCheckpoint(header, payload)
    this.#capture = { position, content, dead: this.#dead }
    this.#dead = []
    this.#bytes = content.length
  }

  /** Writes the captured state once its last entry is stable. */
  advance(stableBatch: number): void {
    const capture = this.#capture
    if (capture === null || this.#writing || capture.position.batch > stableBatch) return
    this.#writing = true
    this.#write(capture.content, error => {
      this.#writing = false
      this.#capture = null
      if (error === null) return this.#done(null, capture.dead)
      this.#dead = capture.dead.concat(this.#dead)
      this.#done(asDiskFull(error, 'a checkpoint'), [])
    })
  }

  #write(content: Buffer, done: DiskDone): void {
    this.#disk.create(CHECKPOINT_TEMPORARY_FILE, content.length, (error, file) => {
      if (file === null) return done(error)
      const close = (failure: Error | null): void => file.close(() => (failure ? done(failure) : this.#replace(done)))
      file.write(content, 0, content.length, failure => (failure ? close(failure) : file.sync(close)))
    })
  }

  #replace(done: DiskDone): void {
    this.#disk.rename(CHECKPOINT_TEMPORARY_FILE, CHECKPOINT_FILE, error =>
      error ? done(error) : this.#disk.syncDirectory(done),
    )
  }
}

function needed(segments: Iterable<Segment>): SegmentExtent[] {
  const extents: SegmentExtent[] = []
  for (const { isDead, baseLsn, nextLsn } of segments) if (!isDead) extents.push({ baseLsn, nextLsn })
  return extents
}
