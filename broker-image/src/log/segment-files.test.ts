/** Which segment files wait for their next use, who gets them, and which are given back. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { SEGMENTS_AHEAD, SEGMENTS_SMALL_AHEAD, SEGMENTS_SMALL_KEPT } from '../limits.ts'
import type { DiskFile } from './disk.ts'
import { SegmentFiles } from './segment-files.ts'

const SEGMENT_BYTES = 4_096

function filesOn(disk: MemoryDisk, count: number): { files: SegmentFiles; taken: DiskFile[] } {
  const options = { segmentBytes: SEGMENT_BYTES, spareMax: 8 }
  const files = new SegmentFiles(disk, options, { spare: [], small: [], wasFull: false, number: 0, onShort: () => {} })
  const taken: DiskFile[] = []
  for (let i = 0; i < count; i++) {
    files.take(SEGMENT_BYTES, (_, file) => taken.push(file!))
    disk.run()
  }
  return { files, taken }
}

function usual(disk: MemoryDisk): string[] {
  return disk.list().filter(name => disk.contentOf(name).length === SEGMENT_BYTES)
}

function fill(files: SegmentFiles, disk: MemoryDisk, hasMessages: boolean): number {
  let small = 0
  const count = (_: Error | null, file: DiskFile | null): void => {
    small += Number(file !== null)
  }
  for (let i = 0; i < 2 * SEGMENTS_SMALL_AHEAD; i++) files.takeSmall(hasMessages, count)
  disk.run()
  return small
}

const fail = (error: Error | null): void => expect(error).toBeNull()

test('a short disk gets back all but the files that are needed soon, and those that are freed later', () => {
  const disk = new MemoryDisk(seeded(1))
  const { files, taken } = filesOn(disk, 6)
  for (const file of taken.slice(0, 5)) files.recycle(file, fail)
  disk.run()
  expect(usual(disk).length).toBeGreaterThan(6)
  files.saveRoom(true, fail)
  disk.run()
  expect(usual(disk)).toHaveLength(SEGMENTS_AHEAD + 1)
  files.recycle(taken[5]!, fail)
  disk.run()
  expect(usual(disk)).toHaveLength(SEGMENTS_AHEAD)
})

test('files are kept for their next use again once there is room', () => {
  const disk = new MemoryDisk(seeded(2))
  const { files, taken } = filesOn(disk, 4)
  files.saveRoom(true, fail)
  files.saveRoom(false, fail)
  const before = disk.list().length
  for (const file of taken) files.recycle(file, fail)
  disk.run()
  expect(disk.list()).toHaveLength(before)
})

test('on a full disk messages leave some of the small files to settlements', () => {
  const disk = new MemoryDisk(seeded(3))
  const { files } = filesOn(disk, 1)
  disk.bytesMax = 0
  expect(fill(files, disk, true)).toBe(SEGMENTS_SMALL_AHEAD - SEGMENTS_SMALL_KEPT)
  expect(fill(files, disk, false)).toBe(SEGMENTS_SMALL_KEPT)
})

test('a file that somebody waits for is made before those that are made ahead', () => {
  const disk = new MemoryDisk(seeded(4))
  const { files } = filesOn(disk, 1)
  while (files.ready > 0) files.take(SEGMENT_BYTES, fail)
  const before = usual(disk).length
  let isTaken = false
  files.take(SEGMENT_BYTES, (_, file) => {
    isTaken = file !== null
  })
  while (!isTaken) disk.step()
  expect(usual(disk)).toHaveLength(before + 1)
})

test('a file that was not needed is given back, one at a time, and none of those that are kept', () => {
  const disk = new MemoryDisk(seeded(3))
  const { files, taken } = filesOn(disk, 4)
  for (const file of taken) files.recycle(file, fail)
  const ready: number[] = []
  for (let call = 0; call < 8; call++) {
    files.giveBack(1, fail)
    disk.run()
    ready.push(files.ready)
  }
  expect(ready).toEqual([6, 5, 4, 3, 2, 1, 1, 1])
  expect(usual(disk)).toHaveLength(1)
})

test('a file that was needed meanwhile is not given back', () => {
  const disk = new MemoryDisk(seeded(4))
  const { files, taken } = filesOn(disk, 1)
  const before = files.ready
  for (let call = 0; call < 5; call++) {
    for (let i = 0; i < before; i++) files.take(SEGMENT_BYTES, (_, file) => taken.push(file!))
    for (const file of taken.splice(0, before)) files.recycle(file, fail)
    files.giveBack(1, fail)
    disk.run()
  }
  expect(files.ready).toBeGreaterThanOrEqual(before)
})
