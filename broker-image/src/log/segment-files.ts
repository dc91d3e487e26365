/** The segment files of one log: made zero-filled ahead of their use, and used again. */
import { SEGMENT_SMALL_PARTS, SEGMENTS_AHEAD } from '../limits.ts'
import type { Disk, DiskDone, DiskFile } from './disk.ts'
import { asDiskFull, isDiskFull } from './errors.ts'

/** Small files have whole sectors. */
const SECTOR_BYTES = 512

const NAME = /^segment-(\d{8})$/

/** Number in the name of a segment file; null for another file. */
export function segmentFileNumber(name: string): number | null {
  const match = NAME.exec(name)
  return match === null ? null : Number(match[1])
}

function segmentFileName(number: number): string {
  return `segment-${String(number).padStart(8, '0')}`
}

type TakeDone = (error: Error | null, file: DiskFile | null) => void

/** Sizes of a log's files. */
export interface SegmentFilesOptions {
  segmentBytes: number
  /** Files of the usual size that wait for their next use. */
  spareMax: number
}

/**
 * Hands out files whose names are durable, and takes them back. A file that comes back keeps its old content: what it
 * is follows from its header and the checkpoint alone, so that no rename or second sync is needed.
 */
export class SegmentFiles {
  readonly #disk: Disk
  readonly #options: SegmentFilesOptions
  readonly #spare: DiskFile[]
  /** The fewest that were ready since `giveBack` was called. */
  #unused = 0
  #number: number
  #creating = false
  #closed = false
  #didNotFit = false
  #isSaving = false
  #afterCreate: (() => void) | null = null
  readonly #onShort: (error: Error) => void

  /**
   * `spare` are files that may be overwritten; `number` is the highest that a file has. `onShort` is called when the
   * disk has no room for a file ahead of its use: what is ready is kept for what makes room again.
   */
  constructor(
    disk: Disk,
    options: SegmentFilesOptions,
    found: { spare: DiskFile[]; number: number; onShort: (error: Error) => void },
  ) {
    this.#disk = disk
    this.#options = options
    this.#spare = found.spare
    this.#number = found.number
    this.#onShort = found.onShort
  }

  /** Fewer files are ready than there should be, since the disk had no room for the last one. */
  get isShort(): boolean {
    return this.#didNotFit && this.#spare.length < SEGMENTS_AHEAD
  }

  /** A file is being made. */
  get isCreating(): boolean {
    return this.#creating
  }

  /** Files that wait for their next use. */
  get ready(): number {
    return this.#spare.length
  }

  /** A file of `bytes` bytes. The usual size mostly is there at once; then `done` runs before `take` returns. */
  take(bytes: number, done: TakeDone): void {
    if (bytes !== this.#options.segmentBytes) {
      this.#create(bytes, done)
      return
    }
    const file = this.#spare.pop()
    this.#unused = Math.min(this.#unused, this.#spare.length)
    if (file !== undefined) {
      done(null, file)
      this.prepare()
    } else if (this.#creating) {
      this.#afterCreate = () => this.take(bytes, done)
    } else {
      this.#createSpare(error => {
        if (error === null) return this.take(bytes, done)
        if (isDiskFull(error)) this.#onShort(error)
        done(error, null)
      })
    }
  }

  /** Whether a file of `bytes` bytes is made only where the disk is full. */
  isSmall(bytes: number): boolean {
    return bytes < this.#options.segmentBytes
  }

  /** The next smaller size of a file that holds `least` bytes, for a disk without room for `bytes`; null if there is none. */
  smallerThan(bytes: number, least: number): number | null {
    const held = Math.ceil(least / SECTOR_BYTES) * SECTOR_BYTES
    for (const part of SEGMENT_SMALL_PARTS) {
      const size = Math.max(this.#options.segmentBytes / part, held)
      if (size < bytes) return size
    }
    return null
  }

  /**
   * A file smaller than usual, for a full disk; it goes before one of the usual size that waits. It is made only where
   * `keptPart` of a usual one stays free (one in so many), which is tried out first.
   */
  takeSmall(bytes: number, keptPart: number, done: TakeDone): void {
    this.#create(bytes + this.#options.segmentBytes / keptPart, (error, probe) => {
      if (probe !== null) {
        const take: DiskDone = failure => (failure === null ? this.#create(bytes, done) : done(failure, null))
        probe.close(() => this.#disk.remove(probe.name, take))
      } else if (error === null || !isDiskFull(error) || this.#spare.length === 0) {
        done(error, null)
      } else {
        this.makeRoom(failure => (failure === null ? this.takeSmall(bytes, keptPart, done) : done(failure, null)))
      }
    })
  }

  /** The content of the file is needed no more. */
  recycle(file: DiskFile, done: DiskDone): void {
    if (file.bytes === this.#options.segmentBytes && this.#spare.length < this.#spareMax && !this.#closed) {
      this.#spare.push(file)
      done(null)
      return
    }
    file.close(() => this.#disk.remove(file.name, done))
  }

  /** While the disk is short, only the files that will be needed soon are kept for their next use. */
  saveRoom(isSaving: boolean, done: DiskDone): void {
    this.#isSaving = isSaving
    while (this.#spare.length > this.#spareMax) {
      const file = this.#spare.shift()!
      file.close(() => this.#disk.remove(file.name, done))
    }
  }

  get #spareMax(): number {
    return this.#isSaving ? Math.min(SEGMENTS_AHEAD, this.#options.spareMax) : this.#options.spareMax
  }

  /** Gives back a file beyond `kept` if none of those was needed since the last call. */
  giveBack(kept: number, done: DiskDone): void {
    if (this.#unused > kept && this.#spare.length > kept) {
      const file = this.#spare.shift()!
      file.close(() => this.#disk.remove(file.name, done))
    }
    this.#unused = this.#spare.length
  }

  /** Gives up a file that waits, for the sake of something smaller that did not fit; none is made in its place now. */
  makeRoom(done: DiskDone): void {
    const file = this.#spare.pop()
    if (file === undefined) return
    this.#didNotFit = true
    file.close(() => this.#disk.remove(file.name, done))
  }

  close(done: () => void): void {
    this.#closed = true
    const finish = (): void => closeAll(this.#spare.splice(0), done)
    if (this.#creating) this.#afterCreate = finish
    else finish()
  }

  /** Makes files ahead of their use. Another failure than a full disk shows, if it lasts, when a file is taken. */
  prepare(): void {
    if (this.#creating || this.#closed || this.#spare.length >= SEGMENTS_AHEAD) return
    this.#createSpare(error => {
      if (error === null) this.prepare()
      else if (isDiskFull(error)) this.#onShort(error)
    })
  }

  #createSpare(done: DiskDone): void {
    this.#creating = true
    this.#create(this.#options.segmentBytes, (error, file) => {
      this.#creating = false
      this.#didNotFit = error !== null && isDiskFull(error)
      if (file !== null) this.#spare.push(file)
      const next = this.#afterCreate
      this.#afterCreate = null
      done(error)
      next?.()
    })
  }

  #create(bytes: number, done: TakeDone): void {
    this.#number += 1
    const name = segmentFileName(this.#number)
    this.#disk.createZeroed(name, bytes, (error, file) => {
      if (file === null) return done(error && asDiskFull(error, `a log segment of ${bytes} bytes`), null)
      this.#disk.syncDirectory(failure => {
        if (failure === null) return done(null, file)
        file.close(() => done(failure, null))
      })
    })
  }
}

/** Closes files one after another; their content is stable, so that a failing close loses nothing. */
export function closeAll(files: DiskFile[], done: () => void): void {
  const file = files.pop()
  if (file === undefined) {
    done()
    return
  }
  file.close(() => closeAll(files, done))
}
