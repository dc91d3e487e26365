/** A header that was torn while its segment was begun is mended; one that broke later is reported. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { bodyOf, flush, openLog, publish, settle } from '../../test/log/owner.ts'
import { LogCorruptError, LogVersionError } from './errors.ts'
import { segmentFileNumber } from './segment-files.ts'

const HEADER_BYTES = 64
const SECTOR_BYTES = 512

function bodyFor(seq: number): Buffer {
  return Buffer.alloc(900, seq)
}

function emptyDisk(): MemoryDisk {
  return new MemoryDisk(seeded(1))
}

/** The file whose segment begins at the highest LSN. */
function lastSegment(disk: MemoryDisk): string {
  const used = disk.list().filter(name => segmentFileNumber(name) !== null && disk.contentOf(name)[0] !== 0)
  return used.sort((a, b) => baseOf(disk, b) - baseOf(disk, a))[0]!
}

function baseOf(disk: MemoryDisk, name: string): number {
  return disk.contentOf(name).readUInt32BE(28)
}

interface Begun {
  disk: MemoryDisk
  /** The file of the segment that has just been begun. */
  name: string
  /** What stood in its place before: zeros, or an earlier use of the file. */
  before: Buffer
  /** Messages before it. */
  stable: number
}

/** A log that has just written the first batch of a segment. */
function begun({ recycled }: { recycled: boolean }): Begun {
  const disk = emptyDisk()
  const open = openLog(disk, { uncheckpointedMax: 0 })
  for (let seq = 1; ; seq++) {
    const before = new Map(disk.list().map(name => [name, Buffer.from(disk.contentOf(name))]))
    const last = disk.list().length > 0 ? lastSegment(disk) : undefined
    publish(open, [1], bodyFor(seq))
    flush(open, disk)
    const name = lastSegment(disk)
    const old = before.get(name) ?? Buffer.alloc(disk.contentOf(name).length)
    const isAgain = old.some(byte => byte !== 0)
    if (name !== last && seq > 20 && isAgain === recycled) return { disk, name, before: old, stable: seq - 1 }
    if (recycled && seq > 3) settle(open, 1, seq - 3, 1)
  }
}

function highestSeq(disk: MemoryDisk): number {
  return Math.max(...openLog(disk).queues.of(1).live.keys())
}

test.each([false, true])(
  'a header torn at any byte, and its batch with it, begins nothing (recycled: %s)',
  recycled => {
    const { disk, name, before, stable } = begun({ recycled })
    for (let cut = 0; cut < HEADER_BYTES; cut++) {
      const torn = disk.copy()
      before.copy(torn.contentOf(name), cut, cut)
      expect(highestSeq(torn)).toBe(stable)
      const open = openLog(torn)
      publish(open, [1], bodyFor(7))
      flush(open, torn)
      expect(highestSeq(torn.crash())).toBe(stable + 1)
    }
  },
)

test.each([false, true])('a header torn at any byte before a whole batch loses nothing (recycled: %s)', recycled => {
  const { disk, name, before, stable } = begun({ recycled })
  for (let cut = 0; cut < HEADER_BYTES; cut++) {
    const torn = disk.copy()
    before.copy(torn.contentOf(name), cut, cut, HEADER_BYTES)
    const isOldUse = recycled && torn.contentOf(name).subarray(0, HEADER_BYTES).equals(before.subarray(0, HEADER_BYTES))
    if (isOldUse) continue
    const open = openLog(torn)
    const message = open.queues.of(1).live.get(stable + 1)!
    expect(bodyOf(open, torn, message)).toEqual(bodyFor(stable + 1))
    publish(open, [1], bodyFor(7))
    flush(open, torn)
    expect(highestSeq(torn.crash())).toBe(stable + 2)
  }
})

test('the first header of a log may be torn too', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  publish(open, [1], bodyFor(1))
  flush(open, disk)
  const name = lastSegment(disk)
  for (let cut = 0; cut < HEADER_BYTES; cut++) {
    const torn = disk.copy()
    torn.contentOf(name).fill(0, cut)
    expect(openLog(torn).log.lastLsn).toBe(0)
    const half = disk.copy()
    half.contentOf(name).fill(0, cut, HEADER_BYTES)
    if (cut < 20) expect(() => openLog(half)).toThrow(LogCorruptError)
    else if (cut >= 20) expect(openLog(half).log.lastLsn).toBe(1)
  }
})

test('a log whose first batch is torn again and again begins at last, and keeps what was stable', () => {
  const life = fc.nat(4)
  fc.assert(
    fc.property(fc.nat(), fc.array(life, { minLength: 3, maxLength: 8 }), (seed, lives) => {
      let disk = new MemoryDisk(seeded(seed))
      let stable = 0
      for (const [identity, steps] of lives.entries()) {
        const open = openLog(disk, { newIdentity: () => identity + 1 })
        expect(open.log.lastLsn).toBeGreaterThanOrEqual(stable)
        publish(open, [1], bodyFor(1))
        open.log.commit()
        for (let step = 0; step < steps; step++) disk.step()
        if (open.log.stableBatch > 0) stable = open.log.lastLsn
        disk = disk.crash()
      }
      expect(openLog(disk).log.lastLsn).toBeGreaterThanOrEqual(stable)
    }),
    { numRuns: 500 },
  )
})

test('two halves of a first batch, from two processes that the power ended, are no batch', () => {
  const first = emptyDisk()
  const open = openLog(first, { newIdentity: () => 1 })
  publish(open, [1], bodyFor(1))
  flush(open, first)
  const name = lastSegment(first)
  const whole = Buffer.from(first.contentOf(name))
  first.contentOf(name).fill(0, SECTOR_BYTES)
  const second = first.copy()
  expect(openLog(second, { newIdentity: () => 2 }).log.lastLsn).toBe(0)
  whole.copy(second.contentOf(name), SECTOR_BYTES, SECTOR_BYTES)
  const third = openLog(second, { newIdentity: () => 3 })
  expect(third.log.lastLsn).toBe(0)
  publish(third, [1], bodyFor(1))
  flush(third, second)
  expect(highestSeq(second.crash())).toBe(1)
})

test('a broken header in front of more than one batch is damage, wherever its segment stands', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  for (let seq = 1; seq <= 14; seq++) {
    publish(open, [1], bodyFor(seq))
    flush(open, disk)
  }
  const used = disk.list().filter(name => disk.contentOf(name)[0] !== 0)
  fc.assert(
    fc.property(fc.constantFrom(...used), fc.nat(HEADER_BYTES * 8 - 1), (name, bit) => {
      const bad = disk.copy()
      bad.contentOf(name)[bit >> 3]! ^= 1 << (bit & 7)
      const seen = refusal(bad)
      expect(seen).toSatisfy(error => error instanceof LogCorruptError || error instanceof LogVersionError)
      expect((seen as Error).message).toContain(name)
    }),
    { numRuns: 200 },
  )
})

test('two broken headers at the end of the log are damage, though the first of them could be mended', () => {
  const { disk, name } = begun({ recycled: false })
  const open = openLog(disk)
  const large = Buffer.alloc(5_000, 1)
  publish(open, [1], large)
  flush(open, disk)
  disk.contentOf(name)[62] = 0
  disk.contentOf(lastSegment(disk))[62] = 0
  expect(() => openLog(disk)).toThrow(LogCorruptError)
})

test('a broken header of a file that waits for its next use is no concern', () => {
  const disk = emptyDisk()
  const open = openLog(disk, { uncheckpointedMax: 0 })
  for (let seq = 1; seq <= 100; seq++) {
    publish(open, [1], bodyFor(seq))
    settle(open, 1, seq, 1)
    flush(open, disk)
  }
  publish(open, [1], bodyFor(101))
  flush(open, disk)
  const waiting = disk.list().filter(name => segmentFileNumber(name) !== null && name !== lastSegment(disk))
  const used = waiting.filter(name => disk.contentOf(name)[0] !== 0)
  expect(used.length).toBeGreaterThan(0)
  for (const name of used) {
    const bad = disk.copy()
    bad.contentOf(name)[61]! ^= 1
    expect(highestSeq(bad)).toBe(101)
  }
})

function refusal(disk: MemoryDisk): unknown {
  try {
    openLog(disk)
    return null
  } catch (error) {
    return error
  }
}
