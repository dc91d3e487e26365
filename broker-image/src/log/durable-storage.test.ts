/** What a log keeps on disk while it is at rest, and while it is not. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { flush, type OpenLog, openLog, publish, SMALL_SEGMENT_BYTES, settle } from '../../test/log/owner.ts'
import { LOG_REST_ENTRIES_MAX, SEGMENTS_AHEAD, SEGMENTS_SMALL_AHEAD } from '../limits.ts'
import { segmentFileNumber, smallSegmentBytes } from './segment-files.ts'

const BODY = Buffer.alloc(1_000, 0x61)
/** More than it takes until nothing is left to tidy. */
const LOOKS = 20

interface Life {
  disk: MemoryDisk
  open: OpenLog
}

/** A log through which messages went; `isKept` says which are not settled. */
function lived(isKept: (seq: number) => boolean, messages = 100): Life {
  const disk = new MemoryDisk(seeded(1))
  const open = openLog(disk, { spareMax: 8, uncheckpointedMax: 100 })
  for (let seq = 1; seq <= messages; seq++) {
    publish(open, [1], BODY)
    if (!isKept(seq)) settle(open, 1, seq, 1)
    flush(open, disk)
  }
  return { disk, open }
}

/** Of the usual size: small ones stay for a full disk. */
function segmentsOn(disk: MemoryDisk): number {
  return disk.list().filter(name => disk.contentOf(name).length === SMALL_SEGMENT_BYTES).length
}

function bytesOn(disk: MemoryDisk): number {
  const files = disk.list().filter(name => segmentFileNumber(name) !== null)
  return files.reduce((sum, name) => sum + disk.contentOf(name).length, 0)
}

function rest({ disk, open }: Life): void {
  for (let look = 0; look < LOOKS && open.log.isUntidy; look++) {
    open.log.tidy()
    flush(open, disk)
  }
}

test('a log at rest gives up all that is dead, and keeps files for the next use as far as the bound has room', () => {
  const life = lived(seq => seq > 90)
  expect(segmentsOn(life.disk)).toBeGreaterThan(20)
  rest(life)
  expect(life.open.log.isUntidy).toBe(false)
  const liveBytes = 10 * BODY.length
  expect(bytesOn(life.disk)).toBeLessThanOrEqual(2 * liveBytes + 2 * SMALL_SEGMENT_BYTES)
  const next = life.disk.crash()
  expect(openLog(next).queues.of(1).live.size).toBe(10)
})

test('a log at rest whose segments take all that they may keeps no file for the next use, and goes on', () => {
  const life = lived(seq => seq % 30 === 0)
  rest(life)
  const before = segmentsOn(life.disk)
  expect(before).toBe(4)
  for (let i = 0; i < 5; i++) publish(life.open, [1], BODY)
  flush(life.open, life.disk)
  expect(life.open.log.unstableBytes).toBe(0)
})

test('files that a backlog keeps are given back when much of it was settled, though no segment died', () => {
  const life = lived(() => true)
  rest(life)
  const before = segmentsOn(life.disk)
  for (let seq = 3; seq <= 100; seq += 3) settle(life.open, 1, seq, 1)
  flush(life.open, life.disk)
  rest(life)
  const { live } = life.open.queues.of(1)
  const small = SEGMENTS_SMALL_AHEAD * smallSegmentBytes(SMALL_SEGMENT_BYTES)
  expect(bytesOn(life.disk)).toBeLessThanOrEqual(2 * live.size * BODY.length + 2 * SMALL_SEGMENT_BYTES + small)
  expect(before - segmentsOn(life.disk)).toBeLessThanOrEqual(SEGMENTS_AHEAD)
  expect(life.open.log.isUntidy).toBe(false)
})

test('a backlog keeps the files that are needed soon', () => {
  const life = lived(() => true)
  const segments = segmentsOn(life.disk)
  rest(life)
  expect(segmentsOn(life.disk)).toBe(segments)
  expect(segments * SMALL_SEGMENT_BYTES).toBeGreaterThan(100 * BODY.length + SEGMENTS_AHEAD * SMALL_SEGMENT_BYTES)
})

test('a log that is not at rest takes its checkpoints as before', () => {
  const { disk, open } = lived(() => false)
  open.log.tidy()
  flush(open, disk)
  const before = segmentsOn(disk)
  for (let i = 0; i < LOG_REST_ENTRIES_MAX; i++) settle(open, 1, 1, 1)
  flush(open, disk)
  expect(open.log.isUntidy).toBe(true)
  for (let i = 0; i < 10; i++) {
    publish(open, [1], BODY)
    for (let j = 0; j < LOG_REST_ENTRIES_MAX; j++) settle(open, 1, 1_000, 1)
    flush(open, disk)
    open.log.tidy()
    flush(open, disk)
  }
  expect(segmentsOn(disk)).toBeGreaterThan(before)
})

test('nothing is tidied in a log that is closed', () => {
  const life = lived(() => false)
  life.open.log.close(error => expect(error).toBe(null))
  life.disk.run()
  const { calls } = life.disk
  life.open.log.tidy()
  life.disk.run()
  expect(life.disk.calls).toBe(calls)
})

test('what has room on a disk that has just been found full has it in the file that its segment will get', () => {
  const segmentBytes = 65_536
  const smallBytes = smallSegmentBytes(segmentBytes)
  const disk = new MemoryDisk(seeded(1))
  disk.bytesMax = segmentBytes + SEGMENTS_SMALL_AHEAD * smallBytes
  const open = openLog(disk, { segmentBytes }, 3 * segmentBytes)
  publish(open, [1], BODY)
  open.log.commit()
  // The small ones are there and a second usual one is being made, and nobody knows yet that there is no room for it.
  while (disk.list().length < 2 + SEGMENTS_SMALL_AHEAD || disk.pending > 1) disk.step()
  expect([open.log.isShort, open.log.unstableBytes]).toEqual([false, 0])
  const { segment } = open.log
  while (open.log.segment === segment) publish(open, [1], BODY)
  disk.step()
  expect(open.log.isShort).toBe(true)
  const bytes = smallBytes - 500
  if (open.log.hasRoomFor(bytes + 100)) publish(open, [1], Buffer.alloc(bytes))
  flush(open, disk)
  expect(open.log.unstableBytes).toBe(0)
})
