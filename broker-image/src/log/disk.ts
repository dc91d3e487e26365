/** The disk as a log sees it: one flat folder of files; one of the seams through which the world comes in. */

/** Called when a disk operation ended; null = it worked. */
export type DiskDone = (error: Error | null) => void

/** Called when a file was made; one of the two is null. */
export type CreateDone = (error: Error | null, file: DiskFile | null) => void

/**
 * An open file. A file is the image of a buffer: every operation works on bytes [start, end) of both.
 * Operations throw, or end with, an error that has the system's `code`.
 */
export interface DiskFile {
  readonly name: string
  /** Size in bytes; it never changes. */
  readonly bytes: number
  /** Writes all of the range; not yet durable. */
  writeSync(buffer: Buffer, start: number, end: number): void
  write(buffer: Buffer, start: number, end: number, done: DiskDone): void
  readSync(buffer: Buffer, start: number, end: number): void
  read(buffer: Buffer, start: number, end: number, done: DiskDone): void
  /** Makes what was written durable (fdatasync). After a failure nothing written before may be trusted. */
  sync(done: DiskDone): void
  syncSync(): void
  close(done: DiskDone): void
}

/** A folder of files. The `Sync` operations are for the start, when nobody is served yet. */
export interface Disk {
  list(): string[]
  openSync(name: string): DiskFile
  removeSync(name: string): void
  syncDirectorySync(): void
  /** A new file of `bytes` zeros, its content durable; its name is durable after `syncDirectory`. */
  createZeroed(name: string, bytes: number, done: CreateDone): void
  /** A new file that will be written up to `bytes`; replaces an old one. Nothing of it is durable. */
  create(name: string, bytes: number, done: CreateDone): void
  /** Replaces `to` if it exists. Durable after `syncDirectory`. */
  rename(from: string, to: string, done: DiskDone): void
  remove(name: string, done: DiskDone): void
  syncDirectory(done: DiskDone): void
}
