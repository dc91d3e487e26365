/** The transient log: memory alone, until memory runs short. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { bodyOf, type OpenLog, publish, Queues, SMALL_SEGMENT_BYTES, settle } from '../../test/log/owner.ts'
import { DiskFullError, LogCorruptError } from './errors.ts'
import { openTransientLog } from './recovery.ts'
import { SegmentTable } from './segment.ts'

function openTransient(disk: MemoryDisk): OpenLog {
  const segments = new SegmentTable({
    segmentBytes: SMALL_SEGMENT_BYTES,
    residentBytesMax: 3 * SMALL_SEGMENT_BYTES,
  })
  const options = { shardId: 1, segments, now: () => 1, newIdentity: () => 1, segmentBytes: SMALL_SEGMENT_BYTES }
  const log = openTransientLog(disk, options)
  const errors: Error[] = []
  log.onError = error => errors.push(error)
  const queues = new Queues()
  queues.segments = segments
  return { log, queues, segments, errors }
}

function fill(open: OpenLog, disk: MemoryDisk, messages: number): void {
  for (let i = 0; i < messages; i++) {
    publish(open, [1], Buffer.alloc(1_000, i))
    open.log.commit()
    disk.run()
  }
}

test('everything counts as stable at once', () => {
  const { log } = openTransient(new MemoryDisk(seeded(1)))
  expect(log.stableBatch).toBeGreaterThanOrEqual(log.batch)
  expect(log.unstableBytes).toBe(0)
})

test('traffic that is taken never touches the disk, and leaves one segment', () => {
  const disk = new MemoryDisk(seeded(1))
  const open = openTransient(disk)
  for (let seq = 1; seq <= 500; seq++) {
    publish(open, [1], Buffer.alloc(1_000))
    settle(open, 1, seq, 1)
    open.log.commit()
  }
  expect(disk.calls).toBe(0)
  expect(open.segments.count).toBeLessThanOrEqual(2)
})

test('a backlog spills, reads back, and leaves no file when it is settled', () => {
  const disk = new MemoryDisk(seeded(1))
  const open = openTransient(disk)
  fill(open, disk, 100)
  expect(open.segments.residentBytes).toBeLessThanOrEqual(4 * SMALL_SEGMENT_BYTES)
  for (const [seq, message] of [...open.queues.of(1).live]) {
    expect(bodyOf(open, disk, message)).toEqual(Buffer.alloc(1_000, seq - 1))
    settle(open, 1, seq, 1)
    open.log.commit()
    disk.run()
  }
  expect(disk.list()).toEqual([])
})

test('a spilled segment that changed on disk is reported', () => {
  const disk = new MemoryDisk(seeded(1))
  const open = openTransient(disk)
  fill(open, disk, 40)
  const message = [...open.queues.of(1).live.values()].find(({ segment }) => open.segments.bytes(segment) === null)!
  disk.contentOf(open.segments.get(message.segment).file!.name)[100]! ^= 1
  let failure: Error | null = null
  open.segments.fetch(message.segment, error => {
    failure = error
  })
  disk.run()
  expect(failure).toBeInstanceOf(LogCorruptError)
})

test('a full disk is reported, and messages stay in memory', () => {
  const disk = new MemoryDisk(seeded(1))
  const open = openTransient(disk)
  disk.bytesMax = 0
  fill(open, disk, 40)
  expect(open.errors[0]).toBeInstanceOf(DiskFullError)
  for (const message of open.queues.of(1).live.values()) expect(bodyOf(open, disk, message).length).toBe(1_000)
})

test('a start removes what an earlier process spilled, and a close what this one did', () => {
  const disk = new MemoryDisk(seeded(1))
  fill(openTransient(disk), disk, 40)
  expect(disk.list().length).toBeGreaterThan(0)
  const next = disk.kill()
  const open = openTransient(next)
  expect(next.list()).toEqual([])
  fill(open, next, 40)
  open.log.close(error => expect(error).toBe(null))
  next.run()
  expect(next.list()).toEqual([])
})
