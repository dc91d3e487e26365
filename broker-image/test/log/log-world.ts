/** A log with its oracle: random steps, crashes among them, after which only what was not stable may be missing. */
import { expect } from 'vitest'
import { Cleaner } from '../../src/log/cleaner.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { bodyOf, type OpenLog, openLog, publish, type Queues, SMALL_SEGMENT_BYTES, TestTenants } from './owner.ts'

/** Places of queues; a queue that is deleted leaves its place to another. */
export const PLACES = [1, 2, 3]

/** One step of a history. */
export type Step =
  | { do: 'publish'; queues: number[]; bytes: number; fill: number; expiresAtMs: number }
  | { do: 'settle'; queue: number; at: number; count: number }
  | { do: 'return'; queue: number; at: number; deliveryCount: number }
  | { do: 'purge'; queue: number }
  | { do: 'delete'; queue: number }
  | { do: 'commit' }
  | { do: 'clean'; turns: number }
  | { do: 'crash' }
  | { do: 'kill' }
  | { do: 'close' }
  | { do: 'disk'; steps: number }

/** What the queues must hold, without positions: the oracle. */
type Expected = { [queue: number]: { nextSeq: number; live: { [seq: number]: string } } }
type Entry = (state: Expected) => void

export class LogWorld {
  /** A deleted queue's id is never used again; the next queue in its place has another one. */
  readonly #ids = new Map(PLACES.map(place => [place, place]))
  disk: MemoryDisk
  open: OpenLog
  cleaner: Cleaner
  segmentsCleaned = 0
  /** One element an LSN. */
  entries: Entry[] = []
  /** Entries per batch number. */
  reported = 0
  ends: { batch: number; entries: number }[] = []

  constructor(seed: number) {
    this.disk = new MemoryDisk(seeded(seed))
    this.open = openLog(this.disk)
    this.cleaner = cleanerOf(this.open)
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
    this.#ids.set(place, this.id(place) + PLACES.length)
  }

  /** Notes an appended entry. */
  did(entry: Entry): void {
    this.entries.push(entry)
    this.ends.push({ batch: this.open.log.batch, entries: this.entries.length })
    expect(this.open.log.lastLsn).toBe(this.entries.length)
  }

  /** Some turns of the cleaner, without a commit: what it moves is in one batch or many. */
  clean(turns: number): void {
    const { cleaned } = this.cleaner
    for (let i = 0; i < turns; i++) this.cleaner.step(false)
    this.segmentsCleaned += this.cleaner.cleaned - cleaned
  }

  /** Notes what the cleaner appended: it changes nothing but places. */
  cleaned(): void {
    while (this.entries.length < this.open.log.lastLsn) this.entries.push(() => {})
    this.ends.push({ batch: this.open.log.batch, entries: this.entries.length })
  }

  expected(count: number): Expected {
    const state: Expected = {}
    for (const entry of this.entries.slice(0, count)) entry(state)
    return state
  }

  restart(disk: MemoryDisk): void {
    this.disk = disk
    this.open = openLog(disk)
    this.cleaner = cleanerOf(this.open)
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
    const bodies = new Map<number, number>()
    for (const { live: messages } of queues.queues.values()) {
      for (const { segment, bytes } of messages.values()) {
        live.set(segment, (live.get(segment) ?? 0) + 1)
        bodies.set(segment, (bodies.get(segment) ?? 0) + bytes)
      }
    }
    for (const [handle, count] of live) expect(segments.get(handle).live).toBe(count)
    for (const [handle, bytes] of bodies) expect(segments.get(handle).liveBytes).toBe(bytes)
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

function cleanerOf({ log, queues }: OpenLog): Cleaner {
  const fail = (error: Error): void => {
    throw error
  }
  const tenants = new TestTenants(queues)
  return new Cleaner({
    log,
    tenants,
    segmentBytes: SMALL_SEGMENT_BYTES,
    clock: new ManualClock(),
    patienceMs: 0,
    wake: () => {},
    onCleaned: () => {},
    onDamage: fail,
  })
}

function describe(body: Buffer, expiresAtMs: number, deliveryCount: number): string {
  return `${body.length} × ${body[0]} until ${expiresAtMs}, ${deliveryCount} deliveries`
}

function existing(state: Expected, id: number): { nextSeq: number; live: { [seq: number]: string } } {
  state[id] ??= { nextSeq: 1, live: {} }
  return state[id]
}

function seqAt(world: LogWorld, id: number, at: number): number | null {
  const seqs = [...(world.open.queues.queues.get(id)?.live.keys() ?? [])]
  return seqs[at % Math.max(1, seqs.length)] ?? null
}

function doPublish(world: LogWorld, step: Extract<Step, { do: 'publish' }>): void {
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

function doSettle(world: LogWorld, step: Extract<Step, { do: 'settle' }>): void {
  const id = world.id(step.queue)
  const first = seqAt(world, id, step.at)
  if (first === null) return
  world.open.log.appendSettle(id, first, step.count, 1)
  world.open.queues.settle(id, first, step.count)
  world.did(state => {
    for (let seq = first; seq < first + step.count; seq++) delete existing(state, id).live[seq]
  })
}

function doReturn(world: LogWorld, step: Extract<Step, { do: 'return' }>): void {
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

function doPurge(world: LogWorld, id: number): void {
  const before = world.open.queues.of(id).nextSeq - 1
  world.open.log.appendPurge(id, before)
  world.open.queues.purge(id, before)
  world.did(state => {
    const { live } = existing(state, id)
    for (const seq of Object.keys(live)) if (Number(seq) < before) delete live[Number(seq)]
  })
}

function doDelete(world: LogWorld, place: number): void {
  const id = world.id(place)
  world.replace(place)
  world.open.log.appendQueueDelete(id)
  world.open.queues.queueDeleted(id)
  world.did(state => delete state[id])
}

function doClose(world: LogWorld): void {
  world.cleaner.stop()
  let closed = false
  world.open.log.close(error => {
    expect(error).toBe(null)
    closed = true
  })
  world.disk.run()
  expect(closed).toBe(true)
  world.cleaned()
  const { length } = world.entries
  const { log } = world.open
  // Not `reported`: what a cleaner appends when bytes come from disk is noted later, maybe with a later batch.
  expect([log.isGathering, log.stableBatch]).toEqual([false, log.batch - 1])
  world.restart(world.disk.crash())
  expect(world.entries.length).toBe(length)
}

/** Plays one step. */
export function play(world: LogWorld, step: Step): void {
  if (step.do === 'publish') doPublish(world, step)
  else if (step.do === 'settle') doSettle(world, step)
  else if (step.do === 'return') doReturn(world, step)
  else if (step.do === 'purge') doPurge(world, world.id(step.queue))
  else if (step.do === 'delete') doDelete(world, step.queue)
  else if (step.do === 'commit') world.open.log.commit()
  else if (step.do === 'clean') world.clean(step.turns)
  else if (step.do === 'crash') world.restart(world.disk.crash())
  else if (step.do === 'kill') world.restart(world.disk.kill())
  else if (step.do === 'close') doClose(world)
  else for (let i = 0; i < step.steps; i++) world.disk.step()
  world.cleaned()
}
