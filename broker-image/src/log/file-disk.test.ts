/** The log on a real folder, and the folder when the system gives less than was asked for. */
import { randomInt } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Queues } from '../../test/log/owner.ts'
import { encodeQueueStates } from './checkpoint.ts'
import type { Disk, DiskFile } from './disk.ts'
import { type FileSystem, fileDisk, makeFolder } from './file-disk.ts'
import { type EnqueueHeader, entryEnd, wireStart } from './record.ts'
import { recover } from './recovery.ts'
import { SegmentTable } from './segment.ts'
import type { ShardLog } from './shard-log.ts'

const SEGMENT_BYTES = 65_536
const BODY_BYTES = 3_000

let directory = ''

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'warren-log-'))
})

afterEach(() => fs.rmSync(directory, { recursive: true }))

function create(disk: Disk, name: string, bytes: number): Promise<DiskFile> {
  return new Promise((resolve, reject) =>
    disk.createZeroed(name, bytes, (error, file) => (file ? resolve(file) : reject(error))),
  )
}

function ended(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start(error => (error ? reject(error) : resolve())))
}

/** A system that reads and writes at most 100 bytes at once. */
const shortSystem: FileSystem = {
  ...fs,
  writeSync: ((fd: number, buffer: Buffer, at: number, length: number, position: number) =>
    fs.writeSync(fd, buffer, at, Math.min(length, 100), position)) as typeof fs.writeSync,
  readSync: ((fd: number, buffer: Buffer, at: number, length: number, position: number) =>
    fs.readSync(fd, buffer, at, Math.min(length, 100), position)) as typeof fs.readSync,
  write: ((fd: number, buffer: Buffer, at: number, length: number, position: number, done: never) =>
    fs.write(fd, buffer, at, Math.min(length, 100), position, done)) as unknown as typeof fs.write,
  read: ((fd: number, buffer: Buffer, at: number, length: number, position: number, done: never) =>
    fs.read(fd, buffer, at, Math.min(length, 100), position, done)) as unknown as typeof fs.read,
}

test('short reads and writes are completed', async () => {
  const disk = fileDisk(directory, shortSystem)
  const file = await create(disk, 'short', 1_000)
  const source = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i % 251))
  file.writeSync(source, 0, 500)
  await ended(done => file.write(source, 500, 1_000, done))
  const target = Buffer.alloc(1_000)
  file.readSync(target, 0, 450)
  await ended(done => file.read(target, 450, 1_000, done))
  expect(target).toEqual(source)
  expect(() => file.readSync(Buffer.alloc(2_000), 900, 1_100)).toThrow('short, byte 1000: the file ends here')
  await ended(done => file.close(done))
})

test('a file is closed only after the operations on it', async () => {
  const disk = fileDisk(directory)
  const file = await create(disk, 'busy', 1_048_576)
  const order: string[] = []
  const bytes = Buffer.alloc(1_048_576, 1)
  file.write(bytes, 0, bytes.length, () => order.push('written'))
  file.sync(() => order.push('synced'))
  await ended(done => file.close(done))
  expect(order.sort()).toEqual(['synced', 'written'])
})

test('a file that cannot be filled is not left behind', async () => {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
  const failing = ((...args: unknown[]) => (args.at(-1) as (error: Error) => void)(full)) as unknown as typeof fs.write
  const disk = fileDisk(directory, { ...fs, write: failing })
  await expect(create(disk, 'never', 1_000)).rejects.toThrow('full')
  expect(disk.list()).toEqual([])
})

interface Opened {
  log: ShardLog
  queues: Queues
  segments: SegmentTable
}

function open(): Opened {
  const segments = new SegmentTable({ segmentBytes: SEGMENT_BYTES, residentBytesMax: 4 * SEGMENT_BYTES })
  const queues = new Queues()
  queues.segments = segments
  const options = { shardId: 1, segments, segmentBytes: SEGMENT_BYTES, now: Date.now }
  const log = recover(fileDisk(directory), { ...options, newIdentity: () => randomInt(2 ** 32) }, queues)
  log.checkpointSource = () => encodeQueueStates(queues.states())
  return { log, queues, segments }
}

async function stable(log: ShardLog): Promise<void> {
  const { batch } = log
  log.commit()
  await new Promise<void>(resolve => {
    log.onStable = () => log.stableBatch >= batch && resolve()
  })
}

async function body(opened: Opened, segment: number, offset: number): Promise<Buffer> {
  if (opened.segments.bytes(segment) === null) await ended(done => opened.segments.fetch(segment, done))
  const bytes = opened.segments.bytes(segment)!
  return bytes.subarray(wireStart(bytes, offset), entryEnd(bytes, offset))
}

test('a backlog beyond the resident bound survives a restart, and reads back from the files', async () => {
  const first = open()
  const header: EnqueueHeader = {
    flags: 1,
    keyLength: 2,
    bodyBytes: 0,
    targetCount: 1,
    queueIds: Uint32Array.of(1),
    seqs: new Float64Array(1),
    expiresAtMs: new Float64Array(1),
  }
  for (let seq = 1; seq <= 400; seq++) {
    header.seqs[0] = seq
    const offset = first.log.appendEnqueue(header, Buffer.alloc(BODY_BYTES, seq), 0, BODY_BYTES)
    first.queues.enqueue(1, seq, first.log.segment, offset, 0)
    if (seq % 40 === 0) await stable(first.log)
  }
  first.log.appendSettle(1, 1, 100, 0)
  first.queues.settle(1, 1, 100)
  await ended(done => first.log.close(done))

  const second = open()
  const live = [...second.queues.of(1).live]
  expect(live.length).toBe(300)
  for (const [seq, { segment, offset }] of live) {
    const bytes = await body(second, segment, offset)
    expect(bytes.equals(Buffer.alloc(BODY_BYTES, seq))).toBe(true)
    expect(second.segments.residentBytes).toBeLessThanOrEqual(5 * SEGMENT_BYTES)
  }
  await ended(done => second.log.close(done))
})

test('a folder is made with those above it, and may be there', () => {
  const made = path.join(directory, 'a', 'b')
  makeFolder(made)
  makeFolder(made)
  expect(fs.statSync(made).isDirectory()).toBe(true)
})

test('a folder that cannot be is refused at once', () => {
  fs.writeFileSync(path.join(directory, 'file'), '')
  expect(() => makeFolder(path.join(directory, 'file', 'a'))).toThrow('EEXIST')
  expect(() => makeFolder('/proc/warren/a')).toThrow('/proc/warren')
})
