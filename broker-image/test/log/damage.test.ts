/** Damage anywhere in the files of a log is found, told with file and offset, and never delivered as a message. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHECKPOINT_FILE } from '../../src/log/checkpoint.ts'
import { LogCorruptError, LogVersionError } from '../../src/log/errors.ts'
import { segmentFileNumber } from '../../src/log/segment-files.ts'
import { batchEnds, checkpointLsn } from './engines.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { bodyOf, flush, type OpenLog, openLog, publish, settle } from './owner.ts'

/** The last segment has several batches behind its first sector: without them its loss can't be told from a torn end. */
const MESSAGES = 44
const HEADER_BYTES = 64
/** Of a segment with its first batch, or of a checkpoint. */
const HEADS_BYTES = 128
/** Has nothing in common with the 8 bits, so that each is flipped as often. */
const STEP_BYTES = 5
const BITS = 8

function bodyFor(seq: number): Buffer {
  return Buffer.alloc(300 + seq, seq)
}

/** A log with dead and used-again segments, a checkpoint, and every third message alive. */
function written(): { disk: MemoryDisk; open: OpenLog } {
  const disk = new MemoryDisk(seeded(1))
  const open = openLog(disk, { uncheckpointedMax: 1 })
  for (let seq = 1; seq <= MESSAGES; seq++) {
    publish(open, [1], bodyFor(seq))
    if (seq < 20 || seq % 3 > 0) settle(open, 1, seq, 1)
    flush(open, disk)
  }
  return { disk, open }
}

function closed(): MemoryDisk {
  const { disk, open } = written()
  open.log.close(error => expect(error).toBe(null))
  disk.run()
  return disk.copy()
}

function seqsOf(open: OpenLog): number[] {
  return [...open.queues.of(1).live.keys()]
}

interface Found extends OpenLog {
  /** The batches that were dropped: file and byte. */
  dropped: [file: string, offset: number][]
}

/** Everything that a start on damaged files may end with; null: it is refused, with the file's name. */
function found(disk: MemoryDisk, name: string): Found | null {
  const dropped: Found['dropped'] = []
  let open: OpenLog
  try {
    open = openLog(disk, { onDropped: (...place) => dropped.push(place) })
  } catch (error) {
    expect(error).toSatisfy(each => each instanceof LogCorruptError || each instanceof LogVersionError)
    expect((error as Error).message).toMatch(new RegExp(`(${name}|${CHECKPOINT_FILE}), byte \\d+:`))
    return null
  }
  for (const [seq, message] of open.queues.of(1).live) expect(bodyOf(open, disk, message)).toEqual(bodyFor(seq))
  return { ...open, dropped }
}

interface Place {
  name: string
  /** Part of the file, from 0 to 1. */
  part: number
}

/** The whole of the files, and their beginnings once more, where headers and batches are. */
function placeIn(disk: MemoryDisk): fc.Arbitrary<Place> {
  const part = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  return fc.record({
    name: fc.constantFrom(...disk.list()),
    part: fc.oneof(
      part,
      part.map(each => each / 20),
    ),
  })
}

describe.each([
  ['closed in order', true],
  ['killed', false],
])('a log that was %s', (_, isClosed) => {
  const disk = isClosed ? closed() : written().disk.copy()
  const whole = seqsOf(openLog(disk.copy()))
  const { lastLsn } = openLog(disk.copy()).log

  test('and is whole, drops nothing', () => {
    expect(found(disk.copy(), '')?.dropped).toEqual([])
  })

  /** Only what a torn end of the log may take is missing, and nothing at all after an orderly end. */
  const requireWhole = (open: OpenLog): void => {
    if (isClosed) expect(seqsOf(open)).toEqual(whole)
    else expect(open.log.lastLsn).toBeGreaterThanOrEqual(batchEnds(disk).at(-2) ?? checkpointLsn(disk))
  }

  /** What is taken for a torn end is told too, with its place. */
  const requireTold = ({ log, dropped }: Found, name: string, at: number): void => {
    if (log.lastLsn === lastLsn) return
    expect(dropped).toHaveLength(1)
    expect(dropped[0]![0]).toBe(name)
    expect(dropped[0]![1]).toBeLessThanOrEqual(at)
  }

  test('and in which a bit is flipped, in every byte of the headers and every few bytes of the rest', () => {
    let refused = 0
    for (const name of disk.list()) {
      const { length } = disk.contentOf(name)
      for (let at = 0; at < length; at += at < HEADS_BYTES ? 1 : STEP_BYTES) {
        const bad = disk.copy()
        bad.contentOf(name)[at]! ^= 1 << (at % BITS)
        const open = found(bad, name)
        if (open === null) refused++
        else {
          requireWhole(open)
          requireTold(open, name, at)
        }
      }
    }
    expect(refused).toBeGreaterThan(1_000)
  })

  test('and of which a sector reads as zeros', () => {
    fc.assert(
      fc.property(placeIn(disk), ({ name, part }) => {
        const bad = disk.copy()
        const bytes = bad.contentOf(name)
        const from = Math.floor((part * bytes.length) / 512) * 512
        bytes.fill(0, from, Math.min(from + 512, bytes.length))
        const open = found(bad, '[a-z-0-9]+')
        if (open !== null) requireWhole(open)
      }),
      { numRuns: 200 },
    )
  })

  test('and of which a file is cut short', () => {
    fc.assert(
      fc.property(placeIn(disk), ({ name, part }) => {
        const bad = disk.copy()
        const bytes = bad.contentOf(name)
        // A file with less than a header is one that was being made when the process ended.
        cut(bad, name, HEADER_BYTES + Math.floor(part * (bytes.length - HEADER_BYTES)))
        const open = found(bad, '[a-z-0-9]+')
        if (open !== null) requireWhole(open)
      }),
      { numRuns: 200 },
    )
  })
})

function cut(disk: MemoryDisk, name: string, bytes: number): void {
  const rest = Buffer.from(disk.contentOf(name).subarray(0, bytes))
  disk.removeSync(name)
  disk.createZeroed(name, bytes, () => {})
  disk.run()
  rest.copy(disk.contentOf(name))
}

test.each([CHECKPOINT_FILE, 'segment'])(
  'a %s of another format version is refused by name, whatever else it holds',
  kind => {
    const disk = closed()
    const isUsed = (name: string): boolean => segmentFileNumber(name) !== null && disk.contentOf(name)[0] !== 0
    const name = kind === CHECKPOINT_FILE ? CHECKPOINT_FILE : disk.list().find(isUsed)!
    for (const version of [3, 77, 0x01_00_00_00]) {
      const other = disk.copy()
      other.contentOf(name).writeUInt32BE(version, 8)
      expect(() => openLog(other)).toThrow(LogVersionError)
      expect(() => openLog(other)).toThrow(
        `${name}, byte 8: log format ${version}, and this Warren reads 1 and 2: start the Warren that wrote it, or a newer one`,
      )
    }
  },
)
