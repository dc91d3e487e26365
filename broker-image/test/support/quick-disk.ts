/** A disk in memory for tests of what stands above the log: nothing on it is ever torn or lost, and syncs cost nothing. */
import type { CreateDone, Disk, DiskDone, DiskFile } from '../../src/log/disk.ts'

/** Counts operations under way over several disks. */
export interface Work {
  pending: number
}

/** Operations end in the next turn of the event loop, so that what happens while one runs is seen. */
export class QuickDisk implements Disk {
  readonly #files = new Map<string, Buffer>()
  readonly #work: Work

  constructor(work: Work) {
    this.#work = work
  }

  list(): string[] {
    return [...this.#files.keys()].sort()
  }

  openSync(name: string): DiskFile {
    const bytes = this.#files.get(name)
    if (bytes === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' })
    return this.#fileOf(name, bytes)
  }

  removeSync(name: string): void {
    this.#files.delete(name)
  }

  syncDirectorySync(): void {}

  createZeroed(name: string, bytes: number, done: CreateDone): void {
    const content = Buffer.alloc(bytes)
    this.#files.set(name, content)
    this.#later(() => done(null, this.#fileOf(name, content)))
  }

  create(name: string, bytes: number, done: CreateDone): void {
    this.createZeroed(name, bytes, done)
  }

  rename(from: string, to: string, done: DiskDone): void {
    this.#files.set(to, this.#files.get(from)!)
    this.#files.delete(from)
    this.#later(() => done(null))
  }

  remove(name: string, done: DiskDone): void {
    this.#files.delete(name)
    this.#later(() => done(null))
  }

  syncDirectory(done: DiskDone): void {
    this.#later(() => done(null))
  }

  #fileOf(name: string, content: Buffer): DiskFile {
    const copyIn = (buffer: Buffer, start: number, end: number): void => {
      buffer.copy(content, start, start, end)
    }
    const copyOut = (buffer: Buffer, start: number, end: number): void => {
      content.copy(buffer, start, start, end)
    }
    const end = (done: DiskDone): void => this.#later(() => done(null))
    return {
      name,
      bytes: content.length,
      writeSync: copyIn,
      readSync: copyOut,
      syncSync: () => {},
      write: (buffer, from, to, done) => {
        copyIn(buffer, from, to)
        end(done)
      },
      read: (buffer, from, to, done) => {
        copyOut(buffer, from, to)
        end(done)
      },
      sync: end,
      close: end,
    }
  }

  #later(operation: () => void): void {
    this.#work.pending++
    setImmediate(() => {
      this.#work.pending--
      operation()
    })
  }
}
