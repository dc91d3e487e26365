/** A disk in memory that keeps apart what is written and what is durable, and fails when it is told to. */
import type { CreateDone, Disk, DiskDone, DiskFile } from '../../src/log/disk.ts'

const SECTOR_BYTES = 512

/** Numbers from 0 to below 1. */
export type Random = () => number

/** A small seeded generator (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Content {
  written: Buffer
  durable: Buffer
}

type Folder = Map<string, Content>

/**
 * Asynchronous operations wait until `step` or `run`. After `crash`, operations of the old processes do nothing, and
 * `survivor` is the disk that the next process finds.
 */
export class MemoryDisk implements Disk {
  /** Operations so far; the one with number `failAt` fails with `failCode`. */
  calls = 0
  failAt = 0
  failCode = 'EIO'
  /** Operations that fail for as long as this says so, told by what they do and to which file: `read segment-00000001`. */
  refuses: (what: string) => boolean = () => false
  /** Bytes of all files together above which creating fails with ENOSPC. */
  bytesMax = Number.POSITIVE_INFINITY
  /** A failing write ends between sectors, as with real disks; false: anywhere. */
  tearsInSectors = false
  readonly #random: Random
  #folder: Folder
  #durableFolder: Folder
  /** Changes of names that no directory sync has made durable yet, in order. */
  #names: ((folder: Folder) => void)[] = []
  #pending: (() => void)[] = []
  #isOver = false

  constructor(random: Random, folder: Folder = new Map()) {
    this.#random = random
    this.#folder = folder
    this.#durableFolder = new Map(folder)
  }

  get pending(): number {
    return this.#pending.length
  }

  /** Ends one waiting operation, chosen by the seed. */
  step(): boolean {
    const at = Math.floor(this.#random() * this.#pending.length)
    const [operation] = this.#pending.splice(at, 1)
    operation?.()
    return operation !== undefined
  }

  /** Ends all operations, and those that follow from them. */
  run(): void {
    while (this.step());
  }

  /** The power fails: of what was not synced, each sector is there or is not. The old process must not go on. */
  crash(): MemoryDisk {
    const folder = new Map(this.#durableFolder)
    for (const change of this.#names.slice(0, Math.floor(this.#random() * (this.#names.length + 1)))) change(folder)
    this.#isOver = true
    const survived = new Map([...folder].map(([name, content]) => [name, this.#torn(content)]))
    this.#pending = []
    return new MemoryDisk(this.#random, survived)
  }

  /** The process is killed: what it wrote is there, though not durable. */
  kill(): MemoryDisk {
    const next = new MemoryDisk(this.#random, new Map())
    next.#folder = new Map(this.#folder)
    next.#durableFolder = new Map(this.#durableFolder)
    next.#names = [...this.#names]
    this.#pending = []
    this.#isOver = true
    return next
  }

  /** An equal, wholly durable copy. */
  copy(): MemoryDisk {
    const copied = [...this.#folder].map(([name, { written }]): [string, Content] => [name, durable(written)])
    return new MemoryDisk(this.#random, new Map(copied))
  }

  /** The process that had this disk has ended: what is left of it writes nothing. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The bytes of a file, to damage or to compare. */
  contentOf(name: string): Buffer {
    return this.#content(name).written
  }

  list(): string[] {
    return [...this.#folder.keys()].sort()
  }

  openSync(name: string): DiskFile {
    this.call(`open ${name}`)
    return new MemoryFile(this, name, { content: this.#content(name), bytes: this.#content(name).written.length })
  }

  removeSync(name: string): void {
    this.call(`remove ${name}`)
    this.#change(folder => folder.delete(name))
  }

  syncDirectorySync(): void {
    this.call('sync directory')
    this.#syncNames()
  }

  createZeroed(name: string, bytes: number, done: CreateDone): void {
    const content = { written: Buffer.alloc(0), durable: Buffer.alloc(0) }
    this.#change(folder => folder.set(name, content))
    this.later(() => {
      const error = this.#fullError(name, bytes) ?? this.failure(`create ${name}`)
      if (error !== null) {
        this.#change(folder => folder.delete(name))
        done(error, null)
        return
      }
      content.written = Buffer.alloc(bytes)
      content.durable = Buffer.alloc(bytes)
      done(null, new MemoryFile(this, name, { content, bytes }))
    })
  }

  create(name: string, bytes: number, done: CreateDone): void {
    const content = { written: Buffer.alloc(0), durable: Buffer.alloc(0) }
    this.#change(folder => folder.set(name, content))
    this.later(() => {
      const error = this.#fullError(name, bytes) ?? this.failure(`create ${name}`)
      done(error, error === null ? new MemoryFile(this, name, { content, bytes }) : null)
    })
  }

  rename(from: string, to: string, done: DiskDone): void {
    this.later(() => {
      const error = this.failure(`rename ${from}`)
      if (error === null) this.#change(folder => rename(folder, from, to))
      done(error)
    })
  }

  remove(name: string, done: DiskDone): void {
    this.later(() => {
      const error = this.failure(`remove ${name}`)
      if (error === null) this.#change(folder => folder.delete(name))
      done(error)
    })
  }

  syncDirectory(done: DiskDone): void {
    this.later(() => {
      const error = this.failure('sync directory')
      if (error === null) this.#syncNames()
      done(error)
    })
  }

  /** For files: queues the end of an operation. */
  later(operation: () => void): void {
    this.#pending.push(operation)
  }

  /** For files: counts an operation; answers its error if it must fail. */
  failure(what: string): Error | null {
    this.calls += 1
    return this.calls === this.failAt || this.refuses(what)
      ? Object.assign(new Error(`${this.failCode}: ${what}`), { code: this.failCode })
      : null
  }

  /** For files: counts an operation, and throws if it must fail. */
  call(what: string): void {
    const error = this.failure(what)
    if (error !== null) throw error
  }

  /** For files: where a failing write of [start, end) ends. */
  partEnd(start: number, end: number): number {
    const reached = start + Math.floor(this.#random() * (end - start + 1))
    return this.tearsInSectors ? Math.max(start, reached - (reached % SECTOR_BYTES)) : reached
  }

  #content(name: string): Content {
    const content = this.#folder.get(name)
    if (content === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' })
    return content
  }

  #change(change: (folder: Folder) => void): void {
    change(this.#folder)
    this.#names.push(change)
  }

  #syncNames(): void {
    this.#durableFolder = new Map(this.#folder)
    this.#names = []
  }

  #fullError(name: string, bytes: number): Error | null {
    const used = [...this.#folder.values()].reduce((sum, { written }) => sum + written.length, 0)
    if (used + bytes <= this.bytesMax) return null
    return Object.assign(new Error(`ENOSPC: ${name}`), { code: 'ENOSPC' })
  }

  #torn({ written, durable: stable }: Content): Content {
    const length = stable.length + Math.floor(this.#random() * (written.length - stable.length + 1))
    const bytes = Buffer.alloc(length)
    stable.copy(bytes)
    for (let at = 0; at < length; at += SECTOR_BYTES) {
      if (this.#random() < 0.5) written.copy(bytes, at, at, Math.min(at + SECTOR_BYTES, length))
    }
    return durable(bytes)
  }
}

function durable(bytes: Buffer): Content {
  return { written: Buffer.from(bytes), durable: Buffer.from(bytes) }
}

function rename(folder: Folder, from: string, to: string): void {
  const content = folder.get(from)
  if (content === undefined) return
  folder.delete(from)
  folder.set(to, content)
}

class MemoryFile implements DiskFile {
  readonly name: string
  readonly bytes: number
  readonly #disk: MemoryDisk
  readonly #content: Content
  #closed = false

  constructor(disk: MemoryDisk, name: string, open: { content: Content; bytes: number }) {
    this.#disk = disk
    this.name = name
    this.#content = open.content
    this.bytes = open.bytes
  }

  writeSync(buffer: Buffer, start: number, end: number): void {
    this.#requireOpen()
    const error = this.#disk.failure(`write ${this.name}`)
    this.#put(buffer, start, error === null ? end : this.#disk.partEnd(start, end))
    if (error !== null) throw error
  }

  write(buffer: Buffer, start: number, end: number, done: DiskDone): void {
    this.#requireOpen()
    this.#disk.later(() => {
      const error = this.#disk.failure(`write ${this.name}`)
      this.#put(buffer, start, error === null ? end : this.#disk.partEnd(start, end))
      done(error)
    })
  }

  readSync(buffer: Buffer, start: number, end: number): void {
    this.#requireOpen()
    this.#disk.call(`read ${this.name}`)
    this.#content.written.copy(buffer, start, start, end)
  }

  read(buffer: Buffer, start: number, end: number, done: DiskDone): void {
    this.#requireOpen()
    this.#disk.later(() => {
      const error = this.#disk.failure(`read ${this.name}`)
      if (error === null) this.#content.written.copy(buffer, start, start, end)
      done(error)
    })
  }

  sync(done: DiskDone): void {
    this.#requireOpen()
    const reached = Buffer.from(this.#content.written)
    this.#disk.later(() => {
      const error = this.#disk.failure(`sync ${this.name}`)
      if (error === null) this.#content.durable = reached
      done(error)
    })
  }

  syncSync(): void {
    this.#requireOpen()
    this.#disk.call(`sync ${this.name}`)
    this.#content.durable = Buffer.from(this.#content.written)
  }

  close(done: DiskDone): void {
    this.#requireOpen()
    this.#closed = true
    this.#disk.later(() => done(null))
  }

  #put(buffer: Buffer, start: number, end: number): void {
    if (this.#disk.isOver) return
    const content = this.#content
    if (content.written.length < end) {
      content.written = Buffer.concat([content.written, Buffer.alloc(end - content.written.length)])
    }
    buffer.copy(content.written, start, start, end)
  }

  #requireOpen(): void {
    if (this.#closed) throw new Error(`${this.name} is closed`)
  }
}
