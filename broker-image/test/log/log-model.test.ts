/** The log against an array: random histories with crashes, where only what was not stable may be missing. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { bodyOf, flush, type OpenLog, openLog, publish, type Queues } from './owner.ts'

const QUEUES = [1, 2, 3]

type Step =
  | { do: 'publish'; queues: number[]; bytes: number; fill: number; expiresAtMs: number }
  | { do: 'settle'; queue: number; at: number; count: number }
  | { do: 'return'; queue: number; at: number; deliveryCount: number }
  | { do: 'purge'; queue: number }
  | { do: 'delete'; queue: number }
  | { do: 'commit' }
  | { do: 'crash' }
  | { do: 'kill' }
  | { do: 'close' }
  | { do: 'disk'; steps: number }

const queue = fc.constantFrom(...QUEUES)
const publishStep = fc.record({
  do: fc.constant('publish' as const),
  queues: fc.subarray(QUEUES, { minLength: 1 }),
  bytes: fc.oneof({ weight: 8, arbitrary: fc.nat(900) }, { weight: 1, arbitrary: fc.nat(9_000) }),
  fill: fc.integer({ min: 1, max: 255 }),
  expiresAtMs: fc.constantFrom(0, 0, 1_700_000_000_123),
})
const settleStep = fc.record({
  do: fc.constant('settle' as const),
  queue,
  at: fc.nat(6),
  count: fc.integer({ min: 1, max: 9 }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: publishStep },
  { weight: 8, arbitrary: settleStep },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('return' as const), queue, at: fc.nat(9), deliveryCount: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), queue }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), queue }) },
  { weight: 8, arbitrary: fc.constant<Step>({ do: 'commit' }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('disk' as const), steps: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'crash' }, { do: 'kill' }, { do: 'close' }) },
)

/** What the queues must hold, without positions: the oracle. */
type Expected = { [queue: number]: { nextSeq: number; live: { [seq: number]: string } } }
type Entry = (state: Expected) => void

class World {
  /** A deleted queue's id is never used again; the next queue in its place has another one. */
  readonly #ids = new Map(QUEUES.map(place => [place, place]))
  disk: MemoryDisk
  open: OpenLog
  /** One element an LSN. */
  entries: Entry[] = []
  /** Entries per batch number. */
  reported = 0
  ends: { batch: number; entries: number }[] = []

  constructor(seed: number) {
    this.disk = new MemoryDisk(seeded(seed))
    this.open = openLog(this.disk)
    this.#listen()
  }

  #listen(): void {
    this.open.log.onStable = log => {
      for (const { batch, entries } of this.ends) if (batch <= log.stableBatch) this.reported = entries
      this.ends = this.ends.filter(({ batch }) => batch > log.stableBatch)
    }
  }

  id(place: number): number {
    return this.#ids.get(place)!
  }

  replace(place: number): void {
    this.#ids.set(place, this.id(place) + QUEUES.length)
  }

  /** Notes an appended entry. */
  did(entry: Entry): void {
    this.entries.push(entry)
    this.ends.push({ batch: this.open.log.batch, entries: this.entries.length })
    expect(this.open.log.lastLsn).toBe(this.entries.length)
  }

  expected(count: number): Expected {
    const state: Expected = {}
    for (const entry of this.entries.slice(0, count)) entry(state)
    return state
  }

  restart(disk: MemoryDisk): void {
    this.disk = disk
    this.open = openLog(disk)
    const { log } = this.open
    expect(log.lastLsn).toBeGreaterThanOrEqual(this.reported)
    expect(log.lastLsn).toBeLessThanOrEqual(this.entries.length)
    this.entries.length = log.lastLsn
    this.reported = log.lastLsn
    this.ends = []
    this.#listen()
    this.check()
  }

  /** The queues, the bytes of their messages, and the counts of the segments are as they must be. */
  check(): void {
    const { queues, segments } = this.open
    expect(this.#seen(queues)).toEqual(this.expected(this.entries.length))
    const live = new Map<number, number>()
    for (const { live: messages } of queues.queues.values()) {
      for (const { segment } of messages.values()) live.set(segment, (live.get(segment) ?? 0) + 1)
    }
    for (const [handle, count] of live) expect(segments.get(handle).live).toBe(count)
  }

  #seen(queues: Queues): Expected {
    const state: Expected = {}
    for (const [id, { nextSeq, live }] of queues.queues) {
      const messages: { [seq: number]: string } = {}
      for (const [seq, message] of live) {
        const body = bodyOf(this.open, this.disk, message)
        messages[seq] = describe(body, message.expiresAtMs, message.deliveryCount)
      }
      state[id] = { nextSeq, live: messages }
    }
    return state
  }
}

function describe(body: Buffer, expiresAtMs: number, deliveryCount: number): string {
  return `${body.length} × ${body[0]} until ${expiresAtMs}, ${deliveryCount} deliveries`
}

function existing(state: Expected, id: number): { nextSeq: number; live: { [seq: number]: string } } {
  state[id] ??= { nextSeq: 1, live: {} }
  return state[id]
}

function seqAt(world: World, id: number, at: number): number | null {
  const seqs = [...(world.open.queues.queues.get(id)?.live.keys() ?? [])]
  return seqs[at % Math.max(1, seqs.length)] ?? null
}

function doPublish(world: World, step: Extract<Step, { do: 'publish' }>): void {
  const ids = step.queues.map(place => world.id(place))
  publish(world.open, ids, Buffer.alloc(step.bytes + 2, step.fill), step.expiresAtMs)
  const text = describe(Buffer.alloc(step.bytes + 2, step.fill), step.expiresAtMs, 0)
  world.did(state => {
    for (const id of ids) {
      const queue = existing(state, id)
      queue.live[queue.nextSeq] = text
      queue.nextSeq += 1
    }
  })
}

function doSettle(world: World, step: Extract<Step, { do: 'settle' }>): void {
  const id = world.id(step.queue)
  const first = seqAt(world, id, step.at)
  if (first === null) return
  world.open.log.appendSettle(id, first, step.count, 1)
  world.open.queues.settle(id, first, step.count)
  world.did(state => {
    for (let seq = first; seq < first + step.count; seq++) delete existing(state, id).live[seq]
  })
}

function doReturn(world: World, step: Extract<Step, { do: 'return' }>): void {
  const id = world.id(step.queue)
  const seq = seqAt(world, id, step.at)
  if (seq === null) return
  world.open.log.appendReturn(id, seq, step.deliveryCount)
  world.open.queues.returned(id, seq, step.deliveryCount)
  world.did(state => {
    const { live } = existing(state, id)
    live[seq] = live[seq]!.replace(/\d+ deliveries/, `${step.deliveryCount} deliveries`)
  })
}

function doPurge(world: World, id: number): void {
  const before = world.open.queues.of(id).nextSeq - 1
  world.open.log.appendPurge(id, before)
  world.open.queues.purge(id, before)
  world.did(state => {
    const { live } = existing(state, id)
    for (const seq of Object.keys(live)) if (Number(seq) < before) delete live[Number(seq)]
  })
}

function doDelete(world: World, place: number): void {
  const id = world.id(place)
  world.replace(place)
  world.open.log.appendQueueDelete(id)
  world.open.queues.queueDeleted(id)
  world.did(state => delete state[id])
}

function doClose(world: World): void {
  let closed = false
  world.open.log.close(error => {
    expect(error).toBe(null)
    closed = true
  })
  world.disk.run()
  expect(closed).toBe(true)
  expect(world.reported).toBe(world.entries.length)
  world.restart(world.disk.crash())
}

function play(world: World, step: Step): void {
  if (step.do === 'publish') doPublish(world, step)
  else if (step.do === 'settle') doSettle(world, step)
  else if (step.do === 'return') doReturn(world, step)
  else if (step.do === 'purge') doPurge(world, world.id(step.queue))
  else if (step.do === 'delete') doDelete(world, step.queue)
  else if (step.do === 'commit') world.open.log.commit()
  else if (step.do === 'crash') world.restart(world.disk.crash())
  else if (step.do === 'kill') world.restart(world.disk.kill())
  else if (step.do === 'close') doClose(world)
  else for (let i = 0; i < step.steps; i++) world.disk.step()
}

test('after any history a crash loses only entries that were not stable, from the end', () => {
  const histories = fc.tuple(fc.integer(), fc.array(step, { maxLength: 120, size: 'max' }))
  fc.assert(
    fc.property(histories, ([seed, steps]) => {
      const world = new World(seed)
      for (const step of steps) play(world, step)
      world.check()
      expect(world.open.errors).toEqual([])
      flush(world.open, world.disk)
      world.restart(world.disk.crash())
    }),
    { numRuns: Number(process.env['LOG_HISTORIES'] ?? 300) },
  )
})
