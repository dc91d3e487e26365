/** Group commit: writes and syncs the segments of one batch, in the order of the log. */
import { resizeSegment } from './batch.ts'
import type { DiskFile } from './disk.ts'
import { asDiskFull, isDiskFull } from './errors.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'

/**
 * Makes one group of segments stable at a time. A segment is synced before the next is written, so that whatever is
 * whole on disk has everything before it on disk too: only the last batch of a log can be torn.
 */
export class GroupCommit {
  readonly #files: SegmentFiles
  readonly #done: (error: Error | null, group: Segment[]) => void
  #group: Segment[] = []
  #at = 0
  #stalled = false

  /** `done` is called with every group that is stable, and with an error when one stops. */
  constructor(files: SegmentFiles, done: (error: Error | null, group: Segment[]) => void) {
    this.#files = files
    this.#done = done
  }

  /** A group runs, or waits for room on the disk. */
  get busy(): boolean {
    return this.#group.length > 0
  }

  /** The disk was full; `resume` tries again. */
  get stalled(): boolean {
    return this.#stalled
  }

  /** Starts to write each segment from `stable` to `target`. */
  start(group: Segment[]): void {
    this.#group = group
    this.#at = 0
    this.#step()
  }

  /** After a full disk. */
  resume(): void {
    this.#stalled = false
    this.#step()
  }

  #step(): void {
    const segment = this.#group[this.#at]
    if (segment === undefined) {
      const group = this.#group
      this.#group = []
      this.#done(null, group)
      return
    }
    if (segment.file !== null) {
      this.#write(segment, segment.file)
      return
    }
    this.#place(segment)
  }

  /** Gives the segment a file, and writes it. `usual` is its size before the disk was found to be full. */
  #place(segment: Segment, usual = segment.bytes): void {
    const placed = (error: Error | null, file: DiskFile | null): void => {
      segment.file = file
      if (file !== null) this.#write(segment, file)
      else this.#cut(segment, usual, error ?? new Error('no file for a segment'))
    }
    if (segment.bytes === this.#files.smallBytes) this.#files.takeSmall(segment.entries > 0, placed)
    else this.#files.take(segment.bytes, placed)
  }

  /** Where the disk is full the segment is cut to about what it holds: its settlements may be what makes room. */
  #cut(segment: Segment, usual: number, error: Error): void {
    const smaller = isDiskFull(error) ? this.#files.smallerThan(segment.bytes, segment.head) : null
    resize(segment, smaller ?? usual)
    if (smaller === null) this.#stop(error)
    else this.#place(segment, usual)
  }

  /** A write into the page cache and an asynchronous fdatasync: the fastest of the ways measured. */
  #write(segment: Segment, file: DiskFile): void {
    try {
      file.writeSync(bytesOf(segment), segment.stable, segment.target)
    } catch (error) {
      this.#stop(error as Error)
      return
    }
    file.sync(error => {
      if (error !== null) return this.#done(error, this.#group)
      segment.stable = segment.target
      this.#at += 1
      this.#step()
    })
  }

  /** A failed write may be tried again, since nothing of it counts yet; a failed sync may not. */
  #stop(error: Error): void {
    this.#stalled = isDiskFull(error)
    this.#done(asDiskFull(error, 'a batch'), this.#group)
  }
}

function bytesOf(segment: Segment): Buffer {
  if (segment.buffer === null) throw new Error(`segment ${segment.handle} left memory before it was stable`)
  return segment.buffer
}

/** Another size for a segment that has no file yet. */
function resize(segment: Segment, bytes: number): void {
  if (segment.bytes === bytes) return
  segment.bytes = bytes
  resizeSegment(bytesOf(segment), bytes, segment.sealed ? segment.head : segment.target)
}
