/** The `Disk` of a real folder. */
import fs from 'node:fs'
import path from 'node:path'
import type { CreateDone, Disk, DiskDone, DiskFile } from './disk.ts'
import { LogReadError } from './errors.ts'

/** The calls of `node:fs` that are used, so that a test can make each of them fail or fall short. */
export type FileSystem = Pick<
  typeof fs,
  | 'closeSync'
  | 'close'
  | 'fdatasync'
  | 'fdatasyncSync'
  | 'fsync'
  | 'fsyncSync'
  | 'fstatSync'
  | 'mkdirSync'
  | 'open'
  | 'openSync'
  | 'read'
  | 'readSync'
  | 'readdirSync'
  | 'rename'
  | 'unlink'
  | 'unlinkSync'
  | 'write'
  | 'writeSync'
>

const ZEROS_BYTES = 1_048_576

/** The folder `directory`, made if it is missing. */
export function fileDisk(directory: string, system: FileSystem = fs): Disk {
  system.mkdirSync(directory, { recursive: true })
  return new FolderDisk(directory, system)
}

class FolderDisk implements Disk {
  readonly #directory: string
  readonly #fs: FileSystem

  constructor(directory: string, system: FileSystem) {
    this.#directory = directory
    this.#fs = system
  }

  list(): string[] {
    return this.#fs.readdirSync(this.#directory).sort()
  }

  openSync(name: string): DiskFile {
    const fd = this.#fs.openSync(this.#path(name), 'r+')
    return new FolderFile(name, this.#fs.fstatSync(fd).size, { fd, fs: this.#fs })
  }

  removeSync(name: string): void {
    this.#fs.unlinkSync(this.#path(name))
  }

  syncDirectorySync(): void {
    const fd = this.#fs.openSync(this.#directory, 'r')
    try {
      this.#fs.fsyncSync(fd)
    } finally {
      this.#fs.closeSync(fd)
    }
  }

  createZeroed(name: string, bytes: number, done: CreateDone): void {
    this.#create(name, bytes, (error, file) => {
      if (file === null) return done(error, null)
      file.fill(failure => {
        if (failure === null) return done(null, file)
        file.close(() => this.#fs.unlink(this.#path(name), () => done(failure, null)))
      })
    })
  }

  create(name: string, bytes: number, done: CreateDone): void {
    this.#create(name, bytes, done)
  }

  rename(from: string, to: string, done: DiskDone): void {
    this.#fs.rename(this.#path(from), this.#path(to), done)
  }

  remove(name: string, done: DiskDone): void {
    this.#fs.unlink(this.#path(name), done)
  }

  syncDirectory(done: DiskDone): void {
    this.#fs.open(this.#directory, 'r', (error, fd) => {
      if (error) return done(error)
      this.#fs.fsync(fd, failure => this.#fs.close(fd, () => done(failure)))
    })
  }

  #create(name: string, bytes: number, done: (error: Error | null, file: FolderFile | null) => void): void {
    this.#fs.open(this.#path(name), 'w+', (error, fd) =>
      error ? done(error, null) : done(null, new FolderFile(name, bytes, { fd, fs: this.#fs })),
    )
  }

  #path(name: string): string {
    return path.join(this.#directory, name)
  }
}

class FolderFile implements DiskFile {
  readonly name: string
  readonly bytes: number
  readonly #fd: number
  readonly #fs: FileSystem
  #running = 0
  #closing: DiskDone | null = null

  constructor(name: string, bytes: number, open: { fd: number; fs: FileSystem }) {
    this.name = name
    this.bytes = bytes
    this.#fd = open.fd
    this.#fs = open.fs
  }

  writeSync(buffer: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) at += this.#fs.writeSync(this.#fd, buffer, at, end - at, at)
  }

  readSync(buffer: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) at += this.#readSyncAt(buffer, at, end)
  }

  write(buffer: Buffer, start: number, end: number, done: DiskDone): void {
    const finish = this.#begin(done)
    const step = (at: number): void => {
      if (at >= end) {
        finish(null)
        return
      }
      this.#fs.write(this.#fd, buffer, at, end - at, at, (error, count) => (error ? finish(error) : step(at + count)))
    }
    step(start)
  }

  read(buffer: Buffer, start: number, end: number, done: DiskDone): void {
    const finish = this.#begin(done)
    const step = (at: number): void => {
      if (at >= end) {
        finish(null)
        return
      }
      this.#fs.read(this.#fd, buffer, at, end - at, at, (error, count) => {
        if (error || count === 0) return finish(new LogReadError(this.name, at, error ?? endsBefore(end)))
        step(at + count)
      })
    }
    step(start)
  }

  #readSyncAt(buffer: Buffer, at: number, end: number): number {
    let count = 0
    try {
      count = this.#fs.readSync(this.#fd, buffer, at, end - at, at)
    } catch (error) {
      throw new LogReadError(this.name, at, error as Error)
    }
    if (count === 0) throw new LogReadError(this.name, at, endsBefore(end))
    return count
  }

  sync(done: DiskDone): void {
    this.#fs.fdatasync(this.#fd, this.#begin(done))
  }

  syncSync(): void {
    this.#fs.fdatasyncSync(this.#fd)
  }

  /** Zeros in the whole file, durable together with its size. */
  fill(done: DiskDone): void {
    const zeros = Buffer.alloc(Math.min(this.bytes, ZEROS_BYTES))
    const finish = this.#begin(done)
    const step = (at: number): void => {
      if (at >= this.bytes) {
        this.#fs.fsync(this.#fd, finish)
        return
      }
      const length = Math.min(zeros.length, this.bytes - at)
      this.#fs.write(this.#fd, zeros, 0, length, at, (error, count) => (error ? finish(error) : step(at + count)))
    }
    step(0)
  }

  close(done: DiskDone): void {
    this.#closing = done
    this.#closeIfIdle()
  }

  /** A descriptor must not be closed, and so given to another file, while an operation still uses it. */
  #begin(done: DiskDone): DiskDone {
    this.#running += 1
    return error => {
      this.#running -= 1
      done(error)
      this.#closeIfIdle()
    }
  }

  #closeIfIdle(): void {
    if (this.#closing === null || this.#running > 0) return
    const done = this.#closing
    this.#closing = null
    this.#fs.close(this.#fd, error => done(error ?? null))
  }
}

/**
 * Makes a folder and those above it. Node's own way tries for ever where the system says that what is above is not there
 * although it is, as in `/proc`. Throws the system's error.
 */
export function makeFolder(folder: string): void {
  const isThere = (): boolean => fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
  if (isThere()) return
  const above = path.dirname(path.resolve(folder))
  if (above !== path.resolve(folder)) makeFolder(above)
  try {
    fs.mkdirSync(folder)
  } catch (error) {
    if (!isThere()) throw error
  }
}

function endsBefore(end: number): Error {
  return new Error(`the file ends here, and byte ${end} was asked for`)
}
