/** Files of the format's first version: read, never misread by those who know no other, and gone on with in the new one. */
import { expect, test } from 'vitest'
import { batchLength, resizeSegment, SEGMENT_HEADER_BYTES } from '../../src/log/batch.ts'
import { CHECKPOINT_FILE } from '../../src/log/checkpoint.ts'
import { segmentFileNumber } from '../../src/log/segment-files.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { bodyOf, flush, type OpenLog, openLog, publish, settle } from './owner.ts'

const VERSION_AT = 8
const MESSAGES = 30

function bodyFor(seq: number): Buffer {
  return Buffer.alloc(300 + seq, seq)
}

function usedSegments(disk: MemoryDisk): string[] {
  return disk.list().filter(name => segmentFileNumber(name) !== null && disk.contentOf(name)[0] !== 0)
}

function versionOf(disk: MemoryDisk, name: string): number {
  return disk.contentOf(name).readUInt32BE(VERSION_AT)
}

/** The same files as the first version wrote them: another version in each header, and so another mark of batches. */
function inVersion1(disk: MemoryDisk): MemoryDisk {
  const old = disk.copy()
  for (const name of usedSegments(old)) {
    const image = old.contentOf(name)
    let end = SEGMENT_HEADER_BYTES
    for (let length = batchLength(image, end, image.length); length > 0; ) {
      end += length
      length = batchLength(image, end, image.length)
    }
    image.writeUInt32BE(1, VERSION_AT)
    resizeSegment(image, image.length, end)
  }
  if (old.list().includes(CHECKPOINT_FILE)) old.contentOf(CHECKPOINT_FILE).writeUInt32BE(1, VERSION_AT)
  return old.copy()
}

/** A log with a checkpoint, files that were used again, and every third message alive. */
function written(uncheckpointedMax = 1): MemoryDisk {
  const disk = new MemoryDisk(seeded(1))
  const open = openLog(disk, { uncheckpointedMax })
  for (let seq = 1; seq <= MESSAGES; seq++) {
    publish(open, [1], bodyFor(seq))
    if (seq < 20 || seq % 3 > 0) settle(open, 1, seq, 1)
    flush(open, disk)
  }
  return disk
}

function requireBodies(open: OpenLog, disk: MemoryDisk): number[] {
  const { live } = open.queues.of(1)
  for (const [seq, message] of live) expect(bodyOf(open, disk, message)).toEqual(bodyFor(seq))
  return [...live.keys()]
}

test('a log of version 1 is read, and gone on with in files of version 2 alone', () => {
  const disk = inVersion1(written())
  expect(versionOf(disk, CHECKPOINT_FILE)).toBe(1)
  const old = new Map(usedSegments(disk).map(name => [name, Buffer.from(disk.contentOf(name))]))
  const open = openLog(disk, { uncheckpointedMax: 100 })
  expect(requireBodies(open, disk)).toEqual([21, 24, 27, 30])
  for (let seq = MESSAGES + 1; seq <= 2 * MESSAGES; seq++) {
    publish(open, [1], bodyFor(seq))
    flush(open, disk)
  }
  for (const name of usedSegments(disk)) {
    if (versionOf(disk, name) === 1) expect(disk.contentOf(name)).toEqual(old.get(name))
  }
  const next = disk.crash()
  expect(new Set(usedSegments(next).map(name => versionOf(next, name)))).toEqual(new Set([1, 2]))
  expect(requireBodies(openLog(next), next)).toHaveLength(4 + MESSAGES)
})

test('once everything of version 1 is settled, nothing of it is needed', () => {
  const disk = inVersion1(written())
  const open = openLog(disk, { uncheckpointedMax: 0 })
  publish(open, [1], bodyFor(MESSAGES + 1))
  flush(open, disk)
  for (const seq of [21, 24, 27, 30]) settle(open, 1, seq, 1)
  flush(open, disk)
  flush(open, disk)
  const next = disk.crash()
  expect(versionOf(next, CHECKPOINT_FILE)).toBe(2)
  for (const name of usedSegments(next)) if (versionOf(next, name) === 1) next.contentOf(name).fill(0xff, 64)
  const again = openLog(next)
  expect(requireBodies(again, next)).toEqual([MESSAGES + 1])
})

test('a header of version 1 that was torn before a whole batch loses nothing', () => {
  const disk = new MemoryDisk(seeded(2))
  const open = openLog(disk)
  let stable = 0
  for (const segments = 3; usedSegments(disk).length < segments; stable++) {
    publish(open, [1], bodyFor(stable + 1))
    flush(open, disk)
  }
  const old = inVersion1(disk)
  const name = usedSegments(old).at(-1)!
  for (let cut = 0; cut < SEGMENT_HEADER_BYTES; cut++) {
    const cutShort = old.copy()
    cutShort.contentOf(name).fill(0, cut, SEGMENT_HEADER_BYTES)
    const torn = cutShort.copy()
    const again = openLog(torn)
    expect(requireBodies(again, torn)).toHaveLength(stable)
    publish(again, [1], bodyFor(stable + 1))
    flush(again, torn)
    const next = torn.crash()
    expect(requireBodies(openLog(next), next)).toHaveLength(stable + 1)
  }
})
