/** When checkpoints are written, and when files are given back. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { CHECKPOINT_DEAD_TIMES } from '../limits.ts'
import { CHECKPOINT_FILE, encodeSnapshot } from './checkpoint.ts'
import { Checkpointer } from './checkpointer.ts'
import { DiskFullError } from './errors.ts'
import { Segment, type SegmentOwner } from './segment.ts'

const owner: SegmentOwner = { durable: true, isClosed: false, dead: () => {}, spill: () => {}, check: () => null }
const payload = encodeSnapshot(Buffer.from('state'))

interface Bench {
  disk: MemoryDisk
  checkpointer: Checkpointer
  freed: Segment[]
  errors: Error[]
}

function bench(): Bench {
  const disk = new MemoryDisk(seeded(1))
  const freed: Segment[] = []
  const errors: Error[] = []
  const options = { shardId: 1, identity: 1, uncheckpointedMax: 1 }
  const checkpointer = new Checkpointer(disk, options, (error, segments) => {
    freed.push(...segments)
    if (error !== null) errors.push(error)
  })
  return { disk, checkpointer, freed, errors }
}

function dead(handle: number): Segment {
  const segment = new Segment(handle, owner, 4_096)
  segment.isDead = true
  return segment
}

test('a checkpoint is not written before its last entry is stable', () => {
  const { disk, checkpointer } = bench()
  checkpointer.capture({ lsn: 9, batch: 5 }, payload, [])
  checkpointer.advance(4)
  disk.run()
  expect(disk.list()).toEqual([])
  checkpointer.advance(5)
  disk.run()
  expect(disk.list()).toEqual([CHECKPOINT_FILE])
})

test('a checkpoint is due when more dead segments wait than may, and not while one is under way', () => {
  const { checkpointer } = bench()
  checkpointer.add(dead(1))
  expect(checkpointer.isDue(false)).toBe(false)
  expect(checkpointer.isDue(true)).toBe(true)
  checkpointer.add(dead(2))
  expect(checkpointer.isDue(false)).toBe(true)
  checkpointer.capture({ lsn: 9, batch: 5 }, payload, [])
  checkpointer.add(dead(3))
  checkpointer.add(dead(4))
  expect(checkpointer.isDue(false)).toBe(false)
})

test('a checkpoint is not due before several times as many bytes are dead as the last one had, but where one is enough', () => {
  const { disk, checkpointer } = bench()
  checkpointer.capture({ lsn: 9, batch: 0 }, encodeSnapshot(Buffer.alloc((2.5 * 4_096) / CHECKPOINT_DEAD_TIMES)), [])
  checkpointer.advance(0)
  disk.run()
  for (const handle of [1, 2]) checkpointer.add(dead(handle))
  expect([checkpointer.isDue(false), checkpointer.isDue(true)]).toEqual([false, true])
  checkpointer.add(dead(3))
  expect(checkpointer.isDue(false)).toBe(true)
})

test('only segments that were dead when the state was captured are free after it', () => {
  const { disk, checkpointer, freed } = bench()
  const before = dead(1)
  checkpointer.add(before)
  checkpointer.capture({ lsn: 9, batch: 0 }, payload, [before])
  checkpointer.add(dead(2))
  checkpointer.advance(0)
  expect(freed).toEqual([])
  disk.run()
  expect(freed).toEqual([before])
})

test('without room on the disk nothing is free, and the next checkpoint frees it', () => {
  const { disk, checkpointer, freed, errors } = bench()
  const segment = dead(1)
  checkpointer.add(segment)
  disk.bytesMax = 0
  checkpointer.capture({ lsn: 9, batch: 0 }, payload, [segment])
  checkpointer.advance(0)
  disk.run()
  expect(errors[0]).toBeInstanceOf(DiskFullError)
  expect(freed).toEqual([])
  disk.bytesMax = Number.POSITIVE_INFINITY
  checkpointer.capture({ lsn: 9, batch: 0 }, payload, [segment])
  checkpointer.advance(0)
  disk.run()
  expect(freed).toEqual([segment])
})
