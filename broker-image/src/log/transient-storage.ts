/** The storage of the transient log: memory, and files without a sync when memory runs short. */
import { crc32 } from 'node:zlib'
import type { Disk, DiskFile } from './disk.ts'
import { asDiskFull, isDiskFull, LogCorruptError } from './errors.ts'
import type { Segment } from './segment.ts'
import { closeAll } from './segment-files.ts'
import type { ShardLog } from './shard-log.ts'
import type { LogStorage } from './storage.ts'

const NAME = /^spill-\d{8}$/

/** True for a file that only a running transient log needs. */
export function isSpillFile(name: string): boolean {
  return NAME.test(name)
}

/** Segments die in memory, as a rule without ever having touched the disk. */
export class TransientStorage implements LogStorage {
  readonly durable = false
  isClosed = false
  readonly #disk: Disk
  readonly #segments = new Set<Segment>()
  readonly #checksums = new Map<Segment, number>()
  #log: ShardLog | null = null
  #number = 0
  #spilling = false
  #spillDidNotFit = false

  constructor(disk: Disk) {
    this.#disk = disk
  }

  attach(log: ShardLog): void {
    this.#log = log
  }

  opened(segment: Segment): void {
    this.#segments.add(segment)
  }

  get isShort(): boolean {
    return this.#spillDidNotFit
  }

  /** It makes its files when it spills, as large as they must be. */
  get isOutOfFiles(): boolean {
    return false
  }

  commit(): void {
    if (!this.isClosed) this.#log?.segments.sweep()
  }

  awaitsFiles(): boolean {
    return false
  }

  /** What is moved goes to memory, and leaves more than it takes. */
  hasRoomFor(): boolean {
    return true
  }

  /** The next sweep spills again, if memory is still short. */
  retry(): void {
    this.#spillDidNotFit = false
    this.commit()
  }

  /** It keeps no file for a later use. */
  prepare(): void {}

  saveRoom(): void {}

  get isUntidy(): boolean {
    return false
  }

  tidy(): void {}

  dead(segment: Segment): void {
    this.#segments.delete(segment)
    this.#checksums.delete(segment)
    this.#log?.segments.remove(segment)
    if (segment.file !== null) this.#remove(segment.file)
  }

  check(segment: Segment, buffer: Buffer): Error | null {
    if (crc32(buffer.subarray(0, segment.head)) === this.#checksums.get(segment)) return null
    return new LogCorruptError(segment.file?.name ?? '', 0, 'the checksum of a spilled segment is wrong')
  }

  /** One at a time, so that the queue of writes stays short. */
  spill(segment: Segment): void {
    const { buffer } = segment
    if (this.#spilling || this.#spillDidNotFit || buffer === null) return
    this.#spilling = true
    this.#number += 1
    this.#disk.create(`spill-${String(this.#number).padStart(8, '0')}`, segment.head, (error, file) => {
      if (file === null) return this.#spilled(segment, null, error)
      if (segment.isDead) return this.#spilled(segment, file, null)
      const checksum = crc32(buffer.subarray(0, segment.head))
      file.write(buffer, 0, segment.head, failure => {
        if (!segment.isDead) this.#checksums.set(segment, checksum)
        this.#spilled(segment, file, failure)
      })
    })
  }

  close(done: (error: Error | null) => void): void {
    this.isClosed = true
    const files: DiskFile[] = []
    for (const segment of this.#segments) if (segment.file !== null) files.push(segment.file)
    const names = files.map(file => file.name)
    closeAll(files, () => this.#removeAll(names, done))
  }

  #spilled(segment: Segment, file: DiskFile | null, error: Error | null): void {
    this.#spilling = false
    if (error === null && !segment.isDead) segment.file = file
    else if (file !== null) this.#remove(file)
    this.#spillDidNotFit = error !== null && isDiskFull(error)
    if (error !== null) this.#report(error)
  }

  #report(error: Error): void {
    this.#log?.onError(asDiskFull(error, 'transient messages'))
  }

  /** A spill file that stays behind costs only room; the next start removes it. */
  #remove(file: DiskFile): void {
    file.close(() => this.#disk.remove(file.name, error => error !== null && this.#report(error)))
  }

  #removeAll(names: string[], done: (error: Error | null) => void): void {
    const name = names.pop()
    if (name === undefined) {
      done(null)
      return
    }
    this.#disk.remove(name, error => (error === null ? this.#removeAll(names, done) : done(error)))
  }
}
