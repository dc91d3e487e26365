/** The log while it runs: what becomes stable when, what memory and disk it takes, and what failures do. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { bodyOf, flush, openLog, publish, SMALL_SEGMENT_BYTES, settle } from '../../test/log/owner.ts'
import { SEGMENTS_AHEAD } from '../limits.ts'
import { DiskFullError } from './errors.ts'
import { segmentFileNumber, smallSegmentBytes } from './segment-files.ts'

const KIBIBYTE = Buffer.alloc(1_024, 0x61)

function emptyDisk(seed = 1): MemoryDisk {
  return new MemoryDisk(seeded(seed))
}

/** Beside the small ones for a full disk. */
function segmentFiles(disk: MemoryDisk): string[] {
  const isSmall = (name: string): boolean => disk.contentOf(name).length === smallSegmentBytes(SMALL_SEGMENT_BYTES)
  return disk.list().filter(name => segmentFileNumber(name) !== null && !isSmall(name))
}

test('an entry is stable only after its batch was synced', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  publish(open, [1], KIBIBYTE)
  const { batch } = open.log
  open.log.commit()
  expect(open.log.stableBatch).toBeLessThan(batch)
  const lost = openLog(disk.crash())
  expect(lost.log.lastLsn).toBe(0)
})

test('what is appended while a sync runs waits for the next one, and gets it without another commit', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  const stable: number[] = []
  open.log.onStable = log => stable.push(log.stableBatch)
  publish(open, [1], KIBIBYTE)
  open.log.commit()
  publish(open, [1], KIBIBYTE)
  open.log.commit()
  publish(open, [1], KIBIBYTE)
  open.log.commit()
  expect(open.log.unstableBytes).toBeGreaterThan(3 * KIBIBYTE.length)
  disk.run()
  expect(stable).toEqual([1, 2])
  expect(open.log.unstableBytes).toBe(0)
})

test('what must stand together is in one batch, whatever room is left', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  for (let rest = 0; rest < 8; rest++) {
    publish(open, [1], Buffer.alloc(300 * rest))
    const places = open.log.together(2_500, () =>
      [0, 1].map(() => {
        publish(open, [1], KIBIBYTE)
        return open.log.segment
      }),
    )
    expect(places[0]).toBe(places[1])
  }
})

test('a log that was asked for room, and got nothing, has no segment and opens again', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  open.log.together(100, () => {})
  expect([open.log.tail, open.log.unstableBytes]).toEqual([null, 0])
  flush(open, disk)
  open.log.close(error => expect(error).toBe(null))
  disk.run()
  expect(openLog(disk.crash()).log.lastLsn).toBe(0)
})

test('a commit with nothing to write does not touch the disk', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  publish(open, [1], KIBIBYTE)
  flush(open, disk)
  const { calls } = disk
  flush(open, disk)
  expect(disk.calls).toBe(calls)
  expect(open.log.stableBatch).toBe(open.log.batch - 1)
})

test('a message larger than a segment has a segment of its own', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  const large = Buffer.alloc(10 * SMALL_SEGMENT_BYTES, 0x62)
  publish(open, [1], KIBIBYTE)
  publish(open, [1, 2], large)
  publish(open, [1], KIBIBYTE)
  flush(open, disk)
  const next = disk.crash()
  const again = openLog(next)
  const bodies = [...again.queues.of(1).live.values()].map(message => bodyOf(again, next, message))
  expect(bodies).toEqual([KIBIBYTE, large, KIBIBYTE])
})

test('settled traffic leaves a bounded number of files and segments', () => {
  const disk = emptyDisk()
  const open = openLog(disk, { spareMax: 3, uncheckpointedMax: 2 })
  for (let seq = 1; seq <= 3_000; seq++) {
    publish(open, [1], KIBIBYTE)
    settle(open, 1, seq, 1)
    flush(open, disk)
  }
  expect(open.log.lastLsn).toBe(6_000)
  expect(segmentFiles(disk).length).toBeLessThanOrEqual(3 + 2 + 3)
  expect(open.segments.count).toBeLessThanOrEqual(2 + 3)
  expect(open.segments.residentBytes).toBeLessThanOrEqual(3 * SMALL_SEGMENT_BYTES)
})

test('while the disk is short, dead segments are given back without waiting for more of them', () => {
  const disk = emptyDisk()
  const open = openLog(disk, { spareMax: 8, uncheckpointedMax: 100 })
  for (let seq = 1; seq <= 300; seq++) {
    publish(open, [1], KIBIBYTE)
    settle(open, 1, seq, 1)
    flush(open, disk)
  }
  flush(open, disk)
  const before = segmentFiles(disk).length
  open.log.saveRoom(true)
  disk.run()
  expect(before).toBeGreaterThan(10)
  expect(segmentFiles(disk).length).toBeLessThanOrEqual(SEGMENTS_AHEAD + 1)
})

test('segments that fill and empty within one batch are freed too', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  for (let seq = 1; seq <= 600; seq++) {
    publish(open, [1], KIBIBYTE)
    settle(open, 1, seq, 1)
    if (seq % 30 === 0) flush(open, disk)
  }
  flush(open, disk)
  disk.run()
  expect(open.segments.count).toBeLessThanOrEqual(12)
})

test('one message that nobody takes keeps its own segment alone', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  publish(open, [2], KIBIBYTE)
  for (let seq = 1; seq <= 300; seq++) {
    publish(open, [1], KIBIBYTE)
    settle(open, 1, seq, 1)
    flush(open, disk)
  }
  expect(segmentFiles(disk).length).toBeLessThanOrEqual(9)
  const next = disk.crash()
  const again = openLog(next)
  expect(bodyOf(again, next, again.queues.of(2).live.get(1)!)).toEqual(KIBIBYTE)
})

test('a backlog beyond the resident bound reads back from disk', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  for (let i = 0; i < 200; i++) {
    publish(open, [1], Buffer.alloc(500, i))
    flush(open, disk)
  }
  expect(open.segments.residentBytes).toBeLessThanOrEqual(3 * SMALL_SEGMENT_BYTES)
  for (const [seq, message] of open.queues.of(1).live) {
    expect(bodyOf(open, disk, message)).toEqual(Buffer.alloc(500, seq - 1))
    expect(open.segments.residentBytes).toBeLessThanOrEqual(4 * SMALL_SEGMENT_BYTES)
  }
})

test('after a failed sync nothing is reported stable any more', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  publish(open, [1], KIBIBYTE)
  flush(open, disk)
  publish(open, [1], KIBIBYTE)
  open.log.commit()
  disk.failAt = disk.calls + 1
  disk.run()
  publish(open, [1], KIBIBYTE)
  flush(open, disk)
  expect(open.errors.map(String)).toEqual([expect.stringContaining('sync')])
  expect(open.log.stableBatch).toBe(1)
})

test('a sync that fails because the disk is full is as final as any other', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  publish(open, [1], KIBIBYTE)
  flush(open, disk)
  publish(open, [1], KIBIBYTE)
  open.log.commit()
  disk.failCode = 'ENOSPC'
  disk.failAt = disk.calls + 1
  disk.run()
  flush(open, disk)
  expect(open.log.stableBatch).toBe(1)
})

test('a full disk is reported, and passes: what waited becomes stable', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  disk.bytesMax = 3 * SMALL_SEGMENT_BYTES
  for (let i = 0; i < 30; i++) {
    publish(open, [1], KIBIBYTE)
    flush(open, disk)
  }
  expect(open.errors.length).toBeGreaterThan(0)
  for (const error of open.errors) expect(error).toBeInstanceOf(DiskFullError)
  const { stableBatch } = open.log
  disk.bytesMax = Number.POSITIVE_INFINITY
  open.log.retry()
  flush(open, disk)
  expect(open.log.stableBatch).toBeGreaterThan(stableBatch)
  expect(open.log.unstableBytes).toBe(0)
  expect(openLog(disk.crash()).queues.of(1).live.size).toBe(30)
})

test('a log that runs short of room says so in time to take the settlements that make room', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  disk.bytesMax = 6 * SMALL_SEGMENT_BYTES
  let seq = 0
  while (!open.log.isShort) {
    publish(open, [1], KIBIBYTE)
    seq++
    flush(open, disk)
  }
  expect(open.log.unstableBytes).toBe(0)
  settle(open, 1, 1, seq)
  for (let round = 0; round < 3; round++) {
    flush(open, disk)
    open.log.retry()
    disk.run()
  }
  expect(open.log.isShort).toBe(false)
  publish(open, [1], KIBIBYTE)
  flush(open, disk)
  expect(open.log.unstableBytes).toBe(0)
})

test('an entry takes 65,535 targets and no more', () => {
  const open = openLog(emptyDisk())
  const ids = Array.from({ length: 65_535 }, (_, i) => i + 1)
  publish(open, ids, KIBIBYTE)
  expect(open.segments.get(open.log.segment).live).toBe(65_535)
  expect(() => publish(open, [...ids, 65_536], KIBIBYTE)).toThrow('targets')
})

/** Publishes and settles over several segments, with a checkpoint and a close at the end. */
function workload(disk: MemoryDisk): { stableLsn: number; isClosed: boolean; errors: Error[] } {
  const open = openLog(disk, { uncheckpointedMax: 1 })
  const result = { stableLsn: 0, isClosed: false, errors: open.errors }
  for (let seq = 1; seq <= 24; seq++) {
    publish(open, [1], KIBIBYTE)
    if (seq > 2) settle(open, 1, seq - 2, 1)
    const { lastLsn } = open.log
    const { batch } = open.log
    flush(open, disk)
    if (open.log.stableBatch >= batch) result.stableLsn = lastLsn
  }
  open.log.close(error => {
    result.isClosed = error === null
  })
  disk.run()
  return result
}

test.each(['EIO', 'ENOSPC'])('whichever disk operation fails with %s, nothing reported stable is lost', code => {
  const whole = emptyDisk()
  expect(workload(whole).isClosed).toBe(true)
  for (let n = 1; n <= whole.calls; n++) {
    const disk = emptyDisk(n)
    disk.failAt = n
    disk.failCode = code
    let stableLsn = 0
    try {
      stableLsn = workload(disk).stableLsn
    } catch (error) {
      expect(error).toMatchObject({ code })
    }
    const next = disk.crash()
    const again = openLog(next)
    expect(again.log.lastLsn).toBeGreaterThanOrEqual(stableLsn)
    for (const message of again.queues.of(1).live.values()) expect(bodyOf(again, next, message)).toEqual(KIBIBYTE)
  }
})
