/** A disk that is full when the broker is killed: what is settled afterwards makes room, whatever little was left. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SEGMENT_SMALL_KEPT_PART, SEGMENT_SMALL_PARTS } from '../../src/limits.ts'
import { DiskFullError } from '../../src/log/errors.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { flush, type OpenLog, openLog, publish, settle } from './owner.ts'

const SEGMENT_BYTES = 65_536
const BODY = Buffer.alloc(16_000, 0x61)
/** The smallest segment, what it leaves for a checkpoint, and the checkpoint before that. */
const ROOM_MIN = SEGMENT_BYTES / SEGMENT_SMALL_PARTS[1] + SEGMENT_BYTES / SEGMENT_SMALL_KEPT_PART + 1_024
const ROUNDS = 60

interface Life {
  disk: MemoryDisk
  open: OpenLog
}

/** Publishes until nothing becomes stable any more; answers how many messages did. */
function fill({ disk, open }: Life): number {
  let stable = 0
  for (let seq = 1; open.log.unstableBytes === 0; seq++) {
    publish(open, [1], BODY)
    flush(open, disk)
    if (open.log.unstableBytes === 0) stable = seq
  }
  return stable
}

function reopen(disk: MemoryDisk, bytesMax: number): Life {
  disk.bytesMax = bytesMax
  return { disk, open: openLog(disk, { segmentBytes: SEGMENT_BYTES }, 3 * SEGMENT_BYTES) }
}

/** Settles everything, `atOnce` messages a turn, and tries again as the broker does. */
function drain({ disk, open }: Life, atOnce: number): void {
  const seqs = [...open.queues.of(1).live.keys()]
  while (seqs.length > 0) {
    for (const seq of seqs.splice(0, atOnce)) settle(open, 1, seq, 1)
    flush(open, disk)
    open.log.retry()
    disk.run()
  }
  for (let round = 0; round < ROUNDS && open.log.isShort; round++) {
    open.log.retry()
    flush(open, disk)
  }
}

test('settlements after a full disk and a crash become stable, free the disk, and publishers go on', () => {
  const world = fc.record({
    seed: fc.nat(),
    segments: fc.integer({ min: 3, max: 12 }),
    room: fc.integer({ min: ROOM_MIN, max: SEGMENT_BYTES - 1 }),
    isKill: fc.boolean(),
    atOnce: fc.integer({ min: 2, max: 100 }),
  })
  fc.assert(
    fc.property(world, ({ seed, segments, room, isKill, atOnce }) => {
      const bytesMax = segments * SEGMENT_BYTES + room
      const disk = new MemoryDisk(seeded(seed))
      const first = reopen(disk, bytesMax)
      const stable = fill(first)
      const next = reopen(isKill ? disk.kill() : disk.crash(), bytesMax)
      expect(next.open.queues.of(1).live.size).toBeGreaterThanOrEqual(stable)
      drain(next, atOnce)
      expect([next.open.log.unstableBytes, next.open.log.isShort]).toEqual([0, false])
      publish(next.open, [1], BODY)
      flush(next.open, next.disk)
      expect(next.open.log.unstableBytes).toBe(0)
      for (const error of [...first.open.errors, ...next.open.errors]) expect(error).toBeInstanceOf(DiskFullError)
      const last = reopen(next.disk.crash(), bytesMax)
      expect(last.open.queues.of(1).live.size).toBe(1)
    }),
  )
})

test('what was appended behind a batch whose segment is cut is whole after a crash', () => {
  for (let behind = 0; behind < 4; behind++) {
    const { disk, open } = reopen(new MemoryDisk(seeded(behind)), SEGMENT_BYTES - 1)
    publish(open, [1], Buffer.alloc(100))
    open.log.commit()
    for (let i = 0; i < behind; i++) publish(open, [1], Buffer.alloc(100))
    publish(open, [1], Buffer.alloc(SEGMENT_BYTES))
    disk.run()
    disk.bytesMax = Number.POSITIVE_INFINITY
    open.log.retry()
    flush(open, disk)
    expect(open.log.unstableBytes).toBe(0)
    expect(reopen(disk.crash(), SEGMENT_BYTES).open.queues.of(1).live.size).toBe(behind + 2)
  }
})
