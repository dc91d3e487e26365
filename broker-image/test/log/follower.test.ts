/** A second copy of a log, made batch by batch while the first is written, recovers to the same queues. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  batchLength,
  entriesAt,
  firstLsnAt,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from '../../src/log/batch.ts'
import { CHECKPOINT_FILE, decodeCheckpoint } from '../../src/log/checkpoint.ts'
import { Cleaner } from '../../src/log/cleaner.ts'
import { segmentFileNumber } from '../../src/log/segment-files.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { flush, openLog, publish, SMALL_SEGMENT_BYTES, settle, TestTenants } from './owner.ts'

type Step =
  | { do: 'publish'; queues: number[]; bytes: number }
  | { do: 'settle'; queue: number; at: number }
  | { do: 'return'; queue: number; at: number }
  | { do: 'commit' }
  | { do: 'disk'; steps: number }
  | { do: 'pull'; batches: number }

const QUEUES = [1, 2, 3]
const queue = fc.constantFrom(...QUEUES)
const at = fc.nat(9)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      queues: fc.subarray(QUEUES, { minLength: 1 }),
      bytes: fc.integer({ min: 2, max: 1_200 }),
    }),
  },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('settle' as const), queue, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('return' as const), queue, at }) },
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'commit' }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('disk' as const), steps: fc.nat(10) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pull' as const), batches: fc.nat(8) }) },
)

interface Batch {
  header: SegmentHeader
  at: number
  lastLsn: number
  bytes: Buffer
}

/** The whole batches of a log behind `lsn`, in order. */
function batchesBehind(disk: MemoryDisk, lsn: number): Batch[] {
  const found: Batch[] = []
  for (const name of disk.list().filter(each => segmentFileNumber(each) !== null)) {
    const image = disk.contentOf(name)
    const header = readSegmentHeader(image, name)
    if (header === null) continue
    let start = SEGMENT_HEADER_BYTES
    for (let length = batchLength(image, start, image.length); length > 0; ) {
      const lastLsn = firstLsnAt(image, start) + entriesAt(image, start) - 1
      const bytes = Buffer.from(image.subarray(start, start + length))
      if (lastLsn > lsn) found.push({ header, at: start, lastLsn, bytes })
      start += length
      length = batchLength(image, start, image.length)
    }
  }
  return found.sort((a, b) => a.lastLsn - b.lastLsn)
}

/** Keeps a copy: appends batches in their order, and takes over a checkpoint once it has all that it includes. */
class Follower {
  disk = new MemoryDisk(seeded(2))
  lsn = 0
  /** Times that the leader no longer had what came next, and everything was copied at once. */
  resyncs = 0
  readonly #files = new Map<number, string>()

  pull(leader: MemoryDisk, batches: number): void {
    for (const batch of batchesBehind(leader, this.lsn).slice(0, batches)) {
      if (batch.lastLsn - entriesAt(batch.bytes, 0) !== this.lsn) {
        this.#resync(leader)
        return
      }
      this.#append(batch)
    }
    this.#takeCheckpoint(leader)
  }

  #append({ header, at: start, lastLsn, bytes }: Batch): void {
    const name = this.#fileOf(header)
    bytes.copy(this.disk.contentOf(name), start)
    this.lsn = lastLsn
  }

  /** Named as the follower likes: numbers count down. */
  #fileOf(header: SegmentHeader): string {
    const known = this.#files.get(header.baseLsn)
    if (known !== undefined) return known
    const name = `segment-${String(5_000 - header.baseLsn).padStart(8, '0')}`
    this.disk.createZeroed(name, header.bytes, () => {})
    this.disk.run()
    this.#files.set(header.baseLsn, name)
    return name
  }

  #takeCheckpoint(leader: MemoryDisk): void {
    this.#writeHeaders(leader)
    if (!leader.list().includes(CHECKPOINT_FILE)) return
    const content = leader.contentOf(CHECKPOINT_FILE)
    const checkpoint = decodeCheckpoint(content, CHECKPOINT_FILE)
    if (checkpoint.lsn > this.lsn) return
    this.#copyFile(CHECKPOINT_FILE, content)
    const named = new Set(checkpoint.segments.map(({ baseLsn }) => baseLsn))
    for (const [baseLsn, name] of this.#files) {
      if (named.has(baseLsn) || baseLsn > checkpoint.lsn) continue
      this.disk.removeSync(name)
      this.#files.delete(baseLsn)
    }
  }

  #writeHeaders(leader: MemoryDisk): void {
    for (const file of leader.list().filter(each => segmentFileNumber(each) !== null)) {
      const image = leader.contentOf(file)
      const header = readSegmentHeader(image, file)
      const name = header === null ? undefined : this.#files.get(header.baseLsn)
      if (name !== undefined) image.copy(this.disk.contentOf(name), 0, 0, SEGMENT_HEADER_BYTES)
    }
  }

  #copyFile(name: string, content: Buffer): void {
    if (this.disk.list().includes(name)) this.disk.removeSync(name)
    this.disk.createZeroed(name, content.length, () => {})
    this.disk.run()
    content.copy(this.disk.contentOf(name))
  }

  #resync(leader: MemoryDisk): void {
    this.resyncs++
    this.disk = leader.copy()
    this.#files.clear()
    for (const name of this.disk.list().filter(each => segmentFileNumber(each) !== null)) {
      const header = readSegmentHeader(this.disk.contentOf(name), name)
      if (header !== null) this.#files.set(header.baseLsn, name)
    }
    this.lsn = openLog(leader.copy()).log.lastLsn
  }
}

/** A leader whose log is cleaned, and the states of its queues by LSN. */
function play(steps: readonly Step[], seed: number, each: (follower: Follower, states: string[]) => void): Follower {
  const disk = new MemoryDisk(seeded(seed))
  const open = openLog(disk, { uncheckpointedMax: 1, spareMax: 1 })
  const tenants = new TestTenants(open.queues)
  const cleaner = new Cleaner({
    log: open.log,
    tenants,
    segmentBytes: SMALL_SEGMENT_BYTES,
    clock: new ManualClock(),
    patienceMs: 0,
    wake: () => {},
    onCleaned: () => {},
    onDamage: error => {
      throw error
    },
  })
  const follower = new Follower()
  const states: string[] = []
  const note = (): void => {
    for (let lsn = states.length; lsn <= open.log.lastLsn; lsn++) states[lsn] = JSON.stringify(open.queues.states())
  }
  const seqAt = (id: number, index: number): number | undefined => {
    const seqs = [...open.queues.of(id).live.keys()]
    return seqs[index % Math.max(1, seqs.length)]
  }
  for (const id of QUEUES) open.queues.of(id)
  note()
  for (const step of steps) {
    if (step.do === 'publish') publish(open, step.queues, Buffer.alloc(step.bytes, 0x61))
    else if (step.do === 'pull') {
      follower.pull(disk, step.batches)
      each(follower, states)
    } else if (step.do === 'disk') for (let i = 0; i < step.steps; i++) disk.step()
    else if (step.do === 'commit') {
      cleaner.step(false)
      open.log.commit()
    } else {
      const seq = seqAt(step.queue, step.at)
      if (seq === undefined) continue
      if (step.do === 'settle') settle(open, step.queue, seq, 1)
      else {
        open.log.appendReturn(step.queue, seq, 3)
        open.queues.returned(step.queue, seq, 3)
      }
    }
    note()
  }
  flush(open, disk)
  note()
  follower.pull(disk, Number.POSITIVE_INFINITY)
  each(follower, states)
  return follower
}

/** Queues without a message are the same as queues that were never heard of. */
function heldIn(states: string): unknown[] {
  const all: { queueId: number; live: unknown[]; returned: unknown[] }[] = JSON.parse(states)
  return all
    .filter(({ live }) => live.length > 0)
    .map(({ queueId, live, returned }) => ({ queueId, live, returned }))
    .sort((a, b) => a.queueId - b.queueId)
}

test('at any moment it holds what the leader held at its last entry', () => {
  let checkpoints = 0
  let resyncs = 0
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { minLength: 200, maxLength: 500, size: 'max' }), (seed, steps) => {
      const follower = play(steps, seed, ({ disk, lsn }, states) => {
        if (disk.list().includes(CHECKPOINT_FILE)) checkpoints++
        const { log, queues } = openLog(disk.copy())
        expect(log.lastLsn).toBe(lsn)
        expect(heldIn(JSON.stringify(queues.states()))).toEqual(heldIn(states[lsn]!))
      })
      resyncs += follower.resyncs
    }),
    { numRuns: 50, endOnFailure: true },
  )
  expect(checkpoints).toBeGreaterThan(50)
  expect(resyncs).toBeLessThan(checkpoints)
})
