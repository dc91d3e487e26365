/** The cleaner where nothing goes on by itself: on a disk without room, and in a log at rest. */
import { expect, test } from 'vitest'
import { BODY_BYTES, CleanerBench } from './cleaner-bench.ts'
import { flush, SMALL_SEGMENT_BYTES, settle } from './owner.ts'

test('what is settled in the last turn of all is found by the clock', () => {
  const bench = new CleanerBench(undefined, 40)
  bench.fill(800)
  expect(bench.segments.length).toBeGreaterThan(64)
  bench.cleaner.step(false)
  bench.settle(seq => seq % 20 === 0)
  bench.isAwake = false
  bench.cleaner.step(false)
  for (let wait = 0; wait < 1_000; wait++) {
    bench.clock.advance(40)
    if (bench.isAwake) bench.clean()
  }
  const liveBytes = 40 * (BODY_BYTES + 96)
  expect(bench.segments.length * SMALL_SEGMENT_BYTES).toBeLessThanOrEqual(2 * liveBytes + 2 * SMALL_SEGMENT_BYTES)
  expect(bench.clock.pending).toBe(0)
})

test('while the disk is short every segment that is half dead is cleaned, and room comes back', () => {
  const bench = new CleanerBench()
  bench.fill(24)
  bench.settle(seq => seq > 9 || seq % 3 === 0)
  bench.clean()
  expect(bench.cleaner.cleaned).toBe(0)
  bench.clean(true)
  expect(bench.cleaner.cleaned).toBeGreaterThan(0)
})

test('on a full disk nothing is moved that would take the room that settlements need', () => {
  const bench = new CleanerBench()
  bench.fill(100)
  bench.settle(seq => seq % 10 === 0)
  bench.disk.bytesMax = 0
  let filled = 0
  while (!bench.open.log.isShort) bench.fill(++filled)
  while (bench.open.log.hasRoomFor(1)) bench.fill(1)
  const { lastLsn } = bench.open.log
  bench.clean(true)
  expect(bench.open.log.lastLsn).toBe(lastLsn)
  bench.disk.bytesMax = Number.POSITIVE_INFINITY
  for (let round = 0; round < 2; round++) {
    bench.open.log.retry()
    flush(bench.open, bench.disk)
  }
  bench.clean(true)
  expect(bench.cleaner.cleaned).toBeGreaterThan(0)
})

test('on a full disk at rest no segment is read again and again for room that is not there', () => {
  const bench = new CleanerBench(undefined, 40)
  bench.fill(100)
  bench.settle(seq => seq % 3 === 0)
  bench.disk.bytesMax = 0
  while (!bench.open.log.isShort) bench.fill(1, [2])
  while (bench.open.log.hasRoomFor(2 * BODY_BYTES)) bench.fill(1, [2])
  const rest = (): void => {
    for (let wait = 0; wait < 100; wait++) {
      bench.clock.advance(40)
      if (bench.isAwake) bench.clean(true)
    }
  }
  bench.clean(true)
  rest()
  const { calls } = bench.disk
  rest()
  expect([bench.disk.calls - calls, bench.clock.pending]).toEqual([0, 0])
})

test('a segment for which there is no room at the moment is cleaned as soon as there is', () => {
  const bench = new CleanerBench()
  bench.fill(100)
  bench.settle(seq => seq % 10 === 0)
  bench.cleaner.step(false)
  bench.disk.refuses = what => what.startsWith('create')
  while (bench.open.log.hasRoomFor(BODY_BYTES * 2)) bench.fill(1)
  bench.clean()
  expect(bench.cleaner.cleaned).toBe(0)
  bench.disk.refuses = () => false
  bench.open.log.retry()
  bench.disk.run()
  bench.settle(seq => seq % 10 === 0 && seq <= 100)
  bench.clean()
  expect(bench.segments.length).toBeLessThanOrEqual(4)
})

test('a log at rest that keeps no file for its next use is cleaned as well', () => {
  const bench = new CleanerBench()
  const { log } = bench.open
  for (let i = 0; i < 30; i++) {
    bench.fill(2, [1])
    bench.fill(3, [2])
    bench.fill(4, [3])
  }
  settle(bench.open, 3, 1, 1_000)
  while (log.tail!.bytes - log.tail!.head > 2 * BODY_BYTES) bench.fill(1)
  for (let looks = 0; looks < 20 && log.isUntidy; looks++) {
    bench.clean()
    log.tidy()
    flush(bench.open, bench.disk)
  }
  expect([log.isUntidy, log.hasRoomFor(2 * BODY_BYTES), bench.cleaner.cleaned]).toEqual([false, false, 0])
  settle(bench.open, 2, 1, 1_000)
  bench.clean()
  // As soon as the file is there, what tidies the log asks for a turn.
  expect(log.isUntidy).toBe(true)
  bench.clean()
  expect(bench.cleaner.cleaned).toBeGreaterThan(0)
})
