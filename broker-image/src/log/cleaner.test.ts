/** What the cleaner moves, how much it writes, and how little it leaves. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BODY_BYTES, CleanerBench } from '../../test/log/cleaner-bench.ts'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { flush, openLog, publish, SMALL_SEGMENT_BYTES } from '../../test/log/owner.ts'
import { CLEANER_HASTE_MAX, CLEANER_MOVED_PART } from '../limits.ts'
import { entryEnd } from './record.ts'
import { openTransientLog } from './recovery.ts'

test('a message that nobody settles does not keep its segment', () => {
  const bench = new CleanerBench()
  bench.fill(200)
  const before = bench.bodies
  bench.settle(seq => seq % 20 === 0)
  expect(bench.segments.length).toBeGreaterThan(8)
  bench.clean()
  expect(bench.segments.length).toBeLessThanOrEqual(4)
  expect(bench.bodies).toEqual(before.filter((_, at) => (at + 1) % 20 === 0))
  expect([...bench.open.queues.of(1).live.keys()]).toEqual([20, 40, 60, 80, 100, 120, 140, 160, 180, 200])
})

test('what is cleaned takes at most twice what lives and two segments, and is written for what was settled', () => {
  const keeps = fc.array(fc.boolean(), { minLength: 60, maxLength: 200 })
  fc.assert(
    fc.property(keeps, fc.integer({ min: 0, max: 3 }), (kept, more) => {
      const bench = new CleanerBench()
      bench.fill(kept.length)
      bench.settle(seq => kept[seq - 1]! || seq % (more + 2) === 0)
      bench.clean()
      const live = [...bench.open.queues.of(1).live.values()]
      const liveBytes = live.reduce((sum, { bytes }) => sum + bytes + 96, 0)
      const settled = kept.length - live.length
      const space = bench.segments.reduce((sum, { bytes }) => sum + bytes, 0)
      expect(space).toBeLessThanOrEqual(2 * liveBytes + 2 * SMALL_SEGMENT_BYTES)
      expect(bench.cleaner.movedBytes).toBeLessThanOrEqual(settled * (BODY_BYTES + 96))
    }),
    { numRuns: 40 },
  )
})

test('a turn asks for no more segments than it moves something from', () => {
  const bench = new CleanerBench()
  bench.fill(200)
  bench.settle(seq => seq % 4 === 0)
  bench.clean()
  expect(bench.cleaner.cleaned).toBeGreaterThan(10)
  expect(bench.tenants.lookedMax).toBe(1)
})

test('beside no traffic each turn moves as much, also after one that had to read from disk', () => {
  const segmentBytes = 16 * SMALL_SEGMENT_BYTES
  const bench = new CleanerBench(undefined, 0, segmentBytes)
  bench.fill(3_000)
  bench.settle(seq => seq % 5 === 0)
  const shares: number[] = []
  do {
    bench.isAwake = false
    const { movedBytes } = bench.cleaner
    bench.cleaner.step(false)
    shares.push(bench.cleaner.movedBytes - movedBytes)
    flush(bench.open, bench.disk)
  } while (bench.isAwake)
  const entryBytes = BODY_BYTES + 96
  const shareMax = (CLEANER_HASTE_MAX * segmentBytes) / CLEANER_MOVED_PART
  expect(bench.cleaner.movedBytes).toBeGreaterThan(10 * shareMax)
  expect(Math.max(...shares)).toBeLessThan(shareMax + entryBytes)
})

test('a log whose messages all live is left as it is, and so is one that is cleaned', () => {
  const bench = new CleanerBench()
  bench.fill(100)
  bench.clean()
  expect(bench.cleaner.movedBytes).toBe(0)
  bench.settle(seq => seq % 10 === 0)
  bench.clean(true)
  const { movedBytes } = bench.cleaner
  const { lastLsn } = bench.open.log
  for (let i = 0; i < 100; i++) bench.clean(true)
  expect([bench.cleaner.movedBytes, bench.open.log.lastLsn]).toEqual([movedBytes, lastLsn])
})

test('segments that empty by themselves are left to do so', () => {
  const bench = new CleanerBench(undefined, 40)
  bench.fill(100)
  bench.settle(seq => seq % 4 === 0)
  for (let step = 1; step <= 25; step++) {
    bench.clock.advance(10)
    bench.cleaner.step(false)
    const left = [...bench.open.queues.of(1).live.keys()]
    const leaving = new Set(left.filter((_, at) => at % 3 === step % 3))
    bench.settle(seq => !leaving.has(seq))
  }
  expect(bench.open.queues.of(1).live.size).toBe(0)
  expect(bench.cleaner.movedBytes).toBe(0)
})

test('beside heavy traffic what moved once lies close together, and stays where it is', () => {
  const bench = new CleanerBench(undefined, 6)
  for (let round = 0; round < 10; round++) {
    bench.fill(1, [2])
    bench.fill(20)
  }
  const flow = (): void => {
    bench.fill(4)
    bench.settle(seq => seq > bench.open.queues.of(1).nextSeq - 4)
    bench.clock.advance(1)
    bench.cleaner.step(false)
  }
  for (let turn = 0; turn < 200; turn++) flow()
  const { movedBytes } = bench.cleaner
  const places = [...bench.open.queues.of(2).live.values()].map(({ segment }) => segment)
  expect(new Set(places).size * SMALL_SEGMENT_BYTES).toBeLessThanOrEqual(
    10 * 2 * (BODY_BYTES + 96) + SMALL_SEGMENT_BYTES,
  )
  expect(movedBytes).toBeLessThanOrEqual(10 * 2 * (BODY_BYTES + 96))
  for (let turn = 0; turn < 1_000; turn++) flow()
  expect(bench.cleaner.movedBytes).toBe(movedBytes)
})

test('a message of many queues is moved once, for those in which it lives', () => {
  const bench = new CleanerBench()
  bench.fill(100, [1, 2, 3])
  bench.settle(() => false, 1)
  bench.settle(seq => seq % 20 === 0, 2)
  bench.settle(seq => seq % 20 === 0, 3)
  bench.clean()
  for (const seq of [20, 40]) {
    const [second, third] = [2, 3].map(id => bench.open.queues.of(id).live.get(seq)!)
    expect(third).toEqual(second)
    const bytes = bench.open.segments.bytes(second!.segment)!
    expect(entryEnd(bytes, second!.offset) - second!.offset).toBe(12 + 2 * 12 + BODY_BYTES)
  }
})

test('expiry times and delivery counts are the same afterwards, and after a restart', () => {
  const bench = new CleanerBench()
  for (let i = 1; i <= 100; i++) publish(bench.open, [1], Buffer.alloc(BODY_BYTES, 7), i * 1_000)
  flush(bench.open, bench.disk)
  bench.open.log.appendReturn(1, 20, 3)
  bench.open.queues.returned(1, 20, 3)
  bench.settle(seq => seq % 20 === 0)
  bench.clean()
  expect(bench.cleaner.cleaned).toBeGreaterThan(0)
  for (const { queues } of [bench.open, openLog(bench.disk.crash())]) {
    const live = [...queues.of(1).live].map(([seq, { expiresAtMs, deliveryCount }]) => [
      seq,
      expiresAtMs,
      deliveryCount,
    ])
    expect(live.toSorted(([a], [b]) => a! - b!)).toEqual([
      [20, 20_000, 3],
      [40, 40_000, 0],
      [60, 60_000, 0],
      [80, 80_000, 0],
      [100, 100_000, 0],
    ])
  }
})

test('large messages that are gone count more than small ones that stay', () => {
  const bench = new CleanerBench()
  for (let i = 0; i < 40; i++) {
    for (let j = 0; j < 3; j++) publish(bench.open, [1], Buffer.alloc(20, 1))
    publish(bench.open, [2], Buffer.alloc(3_000, 2))
    flush(bench.open, bench.disk)
  }
  bench.settle(() => false, 2)
  bench.clean()
  expect(bench.segments.length).toBeLessThan(10)
  expect(bench.open.queues.of(1).live.size).toBe(120)
})

test('a segment that cannot be read is told of, and left alone', () => {
  const bench = new CleanerBench()
  bench.fill(100)
  bench.settle(seq => seq % 10 === 0)
  for (const name of bench.disk.list()) if (name.startsWith('segment')) bench.disk.contentOf(name)[200]! ^= 1
  bench.clean()
  expect(bench.damage.length).toBeGreaterThan(0)
  expect(bench.damage[0]!.message).toMatch(/^segment-\d+, byte \d+: a batch is damaged$/)
  const reports = bench.damage.length
  bench.clean()
  expect(bench.damage.length).toBe(reports)
  expect(bench.open.queues.of(1).live.size).toBe(10)
})

test('what nobody knows of stays where it is, and is not looked for again and again', () => {
  const bench = new CleanerBench()
  bench.fill(100)
  bench.settle(seq => seq % 10 === 0)
  const before = bench.segments.length
  bench.open.queues.of(1).live.clear()
  bench.clean()
  expect(bench.segments.length).toBe(before)
  expect(bench.cleaner.movedBytes).toBe(0)
})

test('the log of transient messages is cleaned too, in memory and on disk', () => {
  const disk = new MemoryDisk(seeded(2))
  const durable = openLog(disk, {}, 6 * SMALL_SEGMENT_BYTES)
  const options = { shardId: 1, segmentBytes: SMALL_SEGMENT_BYTES, now: () => 0, newIdentity: () => 1 }
  const log = openTransientLog(new MemoryDisk(seeded(3)), { ...options, segments: durable.segments })
  const bench = new CleanerBench({ ...durable, log })
  for (let i = 0; i < 100; i++) publish(bench.open, [1], Buffer.alloc(BODY_BYTES, 1 + i))
  const { queues } = bench.open
  for (const seq of [...queues.of(1).live.keys()]) if (seq % 20 > 0) queues.settle(1, seq, 1)
  bench.clean()
  expect(bench.segments.length).toBeLessThanOrEqual(3)
  expect(bench.bodies).toEqual([20, 40, 60, 80, 100])
})

test('nothing is appended once it is stopped', () => {
  const bench = new CleanerBench()
  bench.fill(100)
  bench.settle(seq => seq % 10 === 0)
  bench.cleaner.step(false)
  bench.cleaner.stop()
  const { lastLsn } = bench.open.log
  bench.clean()
  expect(bench.open.log.lastLsn).toBe(lastLsn)
})
