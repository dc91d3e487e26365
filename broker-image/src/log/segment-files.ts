/** The segment files of one log: made zero-filled ahead of their use, and used again. */
import { SEGMENT_SMALL_PART, SEGMENTS_AHEAD, SEGMENTS_SMALL_AHEAD, SEGMENTS_SMALL_KEPT } from '../limits.ts'
import type { Disk, DiskDone, DiskFile } from './disk.ts'
import { asDiskFull, isDiskFull } from './errors.ts'

/** A file that is as short as can be has whole sectors. */
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

/** Bytes of a small file, beside usual ones of `segmentBytes`. */
export function smallSegmentBytes(segmentBytes: number): number {
  return segmentBytes / SEGMENT_SMALL_PART
}

/** Files that a log found, or has ready. */
export interface ReadyFiles {
  /** Of the usual size. */
  spare: DiskFile[]
  small: DiskFile[]
  /** The log has small segments: the disk had no room for others. */
  wasFull: boolean
}

/** Sizes of a log's files. */
export interface SegmentFilesOptions {
  segmentBytes: number
  /** Files of the usual size that wait for their next use. */
  spareMax: number
}

/**
 * Hands out files whose names are durable, and takes them back. A file that comes back keeps its old content: what it
 * is follows from its header and the checkpoint alone, so that no rename or second sync is needed.
 *
 * Small files are ready at all times for a full disk (docs/adr/0014): some of them take nothing but settlements, which
 * are what makes room.
 */
export class SegmentFiles {
  /** Bytes of a small file. */
  readonly smallBytes: number
  readonly #disk: Disk
  readonly #options: SegmentFilesOptions
  readonly #spare: DiskFile[]
  readonly #small: DiskFile[]
  /** The fewest that were ready since `giveBack` was called. */
  #unused = 0
  #number: number
  #creating = false
  #closed = false
  #didNotFit = false
  /** The disk was full before, and no file has been tried to be made since. */
  #isUnknown: boolean
  #makesRoom = false
  #isSaving = false
  #afterCreate: (() => void) | null = null
  readonly #onShort: (error: Error) => void

  /**
   * The files found may be overwritten; `number` is the highest that a file has. `onShort` is called when the
   * disk has no room for a file ahead of its use: what is ready is kept for what makes room again.
   */
  constructor(
    disk: Disk,
    options: SegmentFilesOptions,
    found: ReadyFiles & { number: number; onShort: (error: Error) => void },
  ) {
    this.smallBytes = smallSegmentBytes(options.segmentBytes)
    this.#disk = disk
    this.#options = options
    this.#spare = found.spare
    this.#small = found.small
    this.#number = found.number
    this.#onShort = found.onShort
    this.#isUnknown = found.wasFull
  }

  /** Fewer files are ready than there should be, since the disk had no room for the last one. */
  get isShort(): boolean {
    if (this.#isUnknown && this.#spare.length === 0 && this.smallReady <= 0) return true
    return this.#didNotFit && this.#missing !== null
  }

  /** A file is being made. */
  get isCreating(): boolean {
    return this.#creating
  }

  /** Files of the usual size that wait for their next use. */
  get ready(): number {
    return this.#spare.length
  }

  /** Small files that messages may have. */
  get smallReady(): number {
    return this.#small.length - SEGMENTS_SMALL_KEPT
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
      this.#createReady(bytes, error => {
        if (error === null) return this.take(bytes, done)
        if (isDiskFull(error)) this.#onShort(error)
        done(error, null)
      })
    }
  }

  /** A small file, for a full disk: one that is ready if what `hasMessages` may have it, else a new one. */
  takeSmall(hasMessages: boolean, done: TakeDone): void {
    const file = this.#small.length > (hasMessages ? SEGMENTS_SMALL_KEPT : 0) ? this.#small.pop() : undefined
    if (file === undefined) {
      this.#create(this.smallBytes, done)
      return
    }
    done(null, file)
    this.prepare()
  }

  /** The next smaller size of a file that holds `least` bytes, for a disk without room for `bytes`; null if there is none. */
  smallerThan(bytes: number, least: number): number | null {
    const held = Math.ceil(least / SECTOR_BYTES) * SECTOR_BYTES
    for (const size of [Math.max(this.smallBytes, held), held]) if (size < bytes) return size
    return null
  }

  /** The content of the file is needed no more. */
  recycle(file: DiskFile, done: DiskDone): void {
    const ready = this.#closed ? undefined : this.#readyFor(file.bytes)
    if (ready === undefined) {
      file.close(() => this.#disk.remove(file.name, done))
      return
    }
    this.#keep(file, ready)
    done(null)
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

  /** Gives up a file that waits, for the sake of a checkpoint that did not fit; none is made ahead until `keepRoom`. */
  makeRoom(done: DiskDone): void {
    this.#makesRoom = true
    this.#didNotFit = true
    const file = this.#leastNeeded()
    if (file === undefined) return
    file.close(() => this.#disk.remove(file.name, done))
  }

  /** What was appended may rely on a usual file that is ready; the last small one is for settlements. */
  #leastNeeded(): DiskFile | undefined {
    if (this.smallReady > 0) return this.#small.pop()
    return this.#spare.pop() ?? (this.#small.length > 1 ? this.#small.pop() : undefined)
  }

  /** There was room enough for the checkpoint. */
  keepRoom(): void {
    this.#makesRoom = false
  }

  close(done: () => void): void {
    this.#closed = true
    const finish = (): void => closeAll([...this.#spare.splice(0), ...this.#small.splice(0)], done)
    if (this.#creating) this.#afterCreate = finish
    else finish()
  }

  /** Makes files ahead of their use. Another failure than a full disk shows, if it lasts, when a file is taken. */
  prepare(): void {
    const bytes = this.#missing
    if (this.#creating || this.#closed || this.#makesRoom || bytes === null) return
    this.#createReady(bytes, error => {
      if (error === null) this.prepare()
      else if (isDiskFull(error)) this.#onShort(error)
    })
  }

  /** Bytes of the file that is to be made ready next; null if there are enough. */
  get #missing(): number | null {
    if (this.#small.length < SEGMENTS_SMALL_AHEAD) return this.smallBytes
    return this.#spare.length < SEGMENTS_AHEAD ? this.#options.segmentBytes : null
  }

  /** Where a file of this size waits for its next use; undefined if it is needed nowhere. */
  #readyFor(bytes: number): DiskFile[] | undefined {
    if (bytes === this.smallBytes) return this.#small.length < SEGMENTS_SMALL_AHEAD ? this.#small : undefined
    const isUsual = bytes === this.#options.segmentBytes
    return isUsual && this.#spare.length < this.#spareMax ? this.#spare : undefined
  }

  /** A file waits for its use. Once none is missing, it counts no more that one did not fit. */
  #keep(file: DiskFile, ready: DiskFile[]): void {
    ready.push(file)
    if (this.#missing === null) this.#didNotFit = false
  }

  /** Whoever waits for a file comes before those that are made ahead. */
  #createReady(bytes: number, done: DiskDone): void {
    this.#creating = true
    this.#create(bytes, (error, file) => {
      this.#creating = false
      this.#isUnknown = false
      if (error !== null) this.#didNotFit = isDiskFull(error)
      else if (bytes === this.#options.segmentBytes) this.#didNotFit = false
      if (file !== null) this.#keep(file, bytes === this.smallBytes ? this.#small : this.#spare)
      const next = this.#afterCreate
      this.#afterCreate = null
      next?.()
      done(error)
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
