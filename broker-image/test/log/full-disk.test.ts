/**
 * A full disk (docs/adr/0014): whenever the broker is killed, what is settled afterwards becomes stable and makes room,
 * and publishers go on. Messages that move (delayed ones, dead letters) do so where the log has room.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DiskFullError } from '../../src/log/errors.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { flush, type OpenLog, openLog, publish, settle } from './owner.ts'

const SEGMENT_BYTES = 65_536
const BODY = Buffer.alloc(200, 0x61)
/** More than the wire form has: its entry. */
const ENTRY_BYTES = BODY.length + 100
const PUBLISHED_TOGETHER = 10
/** Every second message waits here until it moves; all are taken from the other queue. */
const HELD = 1
const DUE = 2
/** Rounds without progress after which a log counts as stuck. */
const IDLE_ROUNDS = 10

interface Life {
  disk: MemoryDisk
  open: OpenLog
}

/** As the broker does it: at the start the log looks whether there is room. */
function reopen(disk: MemoryDisk, bytesMax: number): Life {
  disk.bytesMax = bytesMax
  const open = openLog(disk, { segmentBytes: SEGMENT_BYTES }, 3 * SEGMENT_BYTES)
  if (open.log.tail !== null) open.log.retry()
  return { disk, open }
}

/** Publishes until the log says that publishers should wait, and some turns on; answers how many messages are stable. */
function fill({ disk, open }: Life, late: number): number {
  let stable = 0
  let left = late
  for (let count = 1; left > 0; count++) {
    publish(open, [count % 2 === 0 ? HELD : DUE], BODY)
    if (count % PUBLISHED_TOGETHER > 0) continue
    flush(open, disk)
    if (open.log.unstableBytes === 0) stable = count
    if (open.log.isShort) left--
  }
  return stable
}

/** The oldest held message stands elsewhere from now on, if the log has room for it. */
function moveOne(open: OpenLog, seq: number): boolean {
  if (open.log.isShort && !open.log.hasRoomFor(2 * ENTRY_BYTES)) return false
  publish(open, [DUE], BODY)
  settle(open, HELD, seq, 1)
  return true
}

interface Choices {
  /** Messages that move, and that are taken from either queue, a turn. */
  moved: number
  taken: number
  /** The order in which held messages fall due: by a stride. */
  stride: number
}

/** One turn of consumers and of messages that fall due; the disk ends `steps` operations. */
function turn({ disk, open }: Life, { moved, taken, stride }: Choices, steps: number): void {
  const held = [...open.queues.of(HELD).live.keys()]
  for (let i = 0; i < moved && i * stride < held.length; i++) if (!moveOne(open, held[i * stride]!)) break
  for (const seq of [...open.queues.of(DUE).live.keys()].slice(0, taken)) settle(open, DUE, seq, 1)
  open.log.commit()
  for (let i = 0; i < steps; i++) disk.step()
}

function liveOf({ open }: Life): number {
  return open.queues.of(HELD).live.size + open.queues.of(DUE).live.size
}

/** Moves and takes all there is, and tries again as the broker does, until that brings nothing any more. */
function drain(life: Life, choices: Choices): void {
  const { open, disk } = life
  let state = ''
  for (let idle = 0; idle < IDLE_ROUNDS; idle++) {
    turn(life, choices, 0)
    disk.run()
    open.log.retry()
    disk.run()
    const next = `${liveOf(life)} ${open.queues.of(HELD).live.size} ${open.log.isShort}`
    if (next !== state) idle = 0
    state = next
  }
}

const choices = fc.record({
  // What is appended before the disk is known to be full is at most half of a small file: limits.UNPLACED_BYTES_MAX.
  moved: fc.integer({ min: 1, max: 6 }),
  taken: fc.integer({ min: 1, max: 100 }),
  stride: fc.constantFrom(1, 2, 7),
})

const fullDisk = {
  seed: fc.nat(),
  // Two usual files for the log and two for the next use, the small ones, and a checkpoint.
  bytesMax: fc.integer({ min: 5 * SEGMENT_BYTES, max: 10 * SEGMENT_BYTES }),
  late: fc.integer({ min: 1, max: 5 }),
  choices,
}

test('whenever it is killed, all can be taken from a full disk, and publishers go on', () => {
  const world = fc.record({
    ...fullDisk,
    lives: fc.array(fc.record({ isKill: fc.boolean(), turns: fc.nat({ max: 100 }), steps: fc.nat({ max: 12 }) }), {
      maxLength: 4,
    }),
  })
  fc.assert(
    fc.property(world, ({ seed, bytesMax, late, choices, lives }) => {
      let life = reopen(new MemoryDisk(seeded(seed)), bytesMax)
      const stable = fill(life, late)
      life = reopen(life.disk.kill(), bytesMax)
      expect(liveOf(life)).toBeGreaterThanOrEqual(stable)
      for (const { isKill, turns, steps } of lives) {
        for (let i = 0; i < turns; i++) turn(life, choices, steps)
        for (const error of life.open.errors) expect(error).toBeInstanceOf(DiskFullError)
        life = reopen(isKill ? life.disk.kill() : life.disk.crash(), bytesMax)
      }
      drain(life, choices)
      expect([liveOf(life), life.open.log.unstableBytes, life.open.log.isShort]).toEqual([0, 0, false])
      publish(life.open, [HELD], BODY)
      flush(life.open, life.disk)
      expect(life.open.log.unstableBytes).toBe(0)
      expect(liveOf(reopen(life.disk.crash(), bytesMax))).toBe(1)
    }),
  )
})

test('a log that goes on without a crash is never stuck on a full disk either', () => {
  fc.assert(
    fc.property(fc.record(fullDisk), ({ seed, bytesMax, late, choices }) => {
      const life = reopen(new MemoryDisk(seeded(seed)), bytesMax)
      fill(life, late)
      drain(life, choices)
      expect([liveOf(life), life.open.log.unstableBytes, life.open.log.isShort]).toEqual([0, 0, false])
    }),
  )
})

test('messages get nothing of a file that settlements took, and those always find one', () => {
  const life = reopen(new MemoryDisk(seeded(1)), 6 * SEGMENT_BYTES)
  const { open, disk } = life
  fill(life, 1)
  while (open.log.hasRoomFor(ENTRY_BYTES)) {
    publish(open, [HELD], BODY)
    flush(open, disk)
  }
  for (let seq = 1; seq <= 500; seq++) {
    settle(open, DUE, seq, 1)
    flush(open, disk)
    expect([open.log.unstableBytes, open.log.hasRoomFor(ENTRY_BYTES)]).toEqual([0, false])
  }
})

test('a log that had used all its room for messages says so at the start, before it has looked', () => {
  const life = reopen(new MemoryDisk(seeded(1)), 6 * SEGMENT_BYTES)
  fill(life, 1)
  while (life.open.log.hasRoomFor(ENTRY_BYTES)) {
    publish(life.open, [HELD], BODY)
    flush(life.open, life.disk)
  }
  const { open, disk } = reopen(life.disk.kill(), 6 * SEGMENT_BYTES)
  expect([open.log.isShort, open.log.hasRoomFor(ENTRY_BYTES)]).toEqual([true, false])
  disk.bytesMax = Number.POSITIVE_INFINITY
  disk.run()
  expect([open.log.isShort, open.log.hasRoomFor(ENTRY_BYTES)]).toEqual([false, true])
})

test('a log that got its room back by what was settled is not short for giving files back at rest', () => {
  const life = reopen(new MemoryDisk(seeded(1)), 6 * SEGMENT_BYTES)
  fill(life, 1)
  drain(life, { moved: 0, taken: 100, stride: 1 })
  for (const seq of [...life.open.queues.of(HELD).live.keys()]) settle(life.open, HELD, seq, 1)
  flush(life.open, life.disk)
  expect(life.open.log.isShort).toBe(false)
  for (let look = 0; look < 5; look++) {
    life.open.log.tidy()
    life.disk.run()
  }
  expect(life.open.log.isShort).toBe(false)
})

test('what was appended behind a batch whose segment is cut is whole after a crash', () => {
  for (let behind = 0; behind < 4; behind++) {
    const { disk, open } = reopen(new MemoryDisk(seeded(behind)), SEGMENT_BYTES - 1)
    publish(open, [HELD], Buffer.alloc(100))
    open.log.commit()
    for (let i = 0; i < behind; i++) publish(open, [HELD], Buffer.alloc(100))
    publish(open, [HELD], Buffer.alloc(SEGMENT_BYTES))
    disk.run()
    disk.bytesMax = Number.POSITIVE_INFINITY
    open.log.retry()
    flush(open, disk)
    expect(open.log.unstableBytes).toBe(0)
    expect(reopen(disk.crash(), SEGMENT_BYTES).open.queues.of(HELD).live.size).toBe(behind + 2)
  }
})
