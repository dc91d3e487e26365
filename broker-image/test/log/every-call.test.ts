/** Each call to the disk in the life of a broker fails once, in a life of its own: nothing confirmed is lost. */
import { expect, test } from 'vitest'
import { BrokerWorld } from '../support/broker-world.ts'
import type { TestClient } from '../support/test-client.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'

const SEGMENT_BYTES = 8_192
const SIZES = {
  segmentBytes: SEGMENT_BYTES,
  metaSegmentBytes: SEGMENT_BYTES,
  residentBytesMax: 3 * SEGMENT_BYTES,
  spareMax: 2,
  uncheckpointedMax: 1,
}
const LOGS = ['meta', 'queues', 'transient']
const ROUNDS = 6
const PUBLISHED_A_ROUND = 8
const TAKEN_A_ROUND = 5
/** The broker tries a full disk again by then. */
const PATIENCE_MS = 3_000
/** What may end a broker when it fails with ENOSPC: a sync, after which nothing is known, and calls that need no room. */
const FATAL_ON_FULL_DISK = /^(open|read|sync|remove) /

interface Known {
  published: string[]
  confirmed: Set<string>
  acked: Set<string>
}

/** A broker whose disks count their calls together; the one with number `failAt` fails with `code`. */
class Life {
  calls = 0
  /** What it was that failed. */
  failed = ''
  /** Why the process ended, if it did. */
  fatal: Error | null = null
  #disks = new Map<string, MemoryDisk>()
  #failAt: number
  readonly #code: string

  constructor(failAt: number, code: string) {
    this.#failAt = failAt
    this.#code = code
    for (const [i, name] of LOGS.entries()) this.#add(name, new MemoryDisk(seeded(failAt * LOGS.length + i)))
  }

  /** Throws when the broker can't start or go on. */
  start(): BrokerWorld {
    const eachTurn = (): boolean => {
      const busy = [...this.#disks.values()].filter(disk => disk.pending > 0)
      for (const disk of busy) disk.run()
      return busy.length > 0
    }
    const onFatal = (error: Error): void => {
      this.fatal = error
    }
    return new BrokerWorld({ disk: name => this.#disks.get(name)!, eachTurn, logSizes: SIZES, onFatal })
  }

  /** No call fails any more. */
  heal(): void {
    this.#failAt = Number.POSITIVE_INFINITY
  }

  /** The power fails. */
  crash(): void {
    for (const [name, disk] of [...this.#disks]) this.#add(name, disk.crash())
  }

  #add(name: string, disk: MemoryDisk): void {
    disk.failCode = this.#code
    disk.refuses = what => {
      const isRefused = ++this.calls === this.#failAt
      if (isRefused) this.failed = what
      return isRefused
    }
    this.#disks.set(name, disk)
  }
}

function bodyFor(id: string): Buffer {
  return Buffer.alloc(900, id)
}

/** Publishes, takes and acknowledges, over a power failure in the middle. */
async function live(life: Life, known: Known): Promise<void> {
  for (const half of [0, 1]) {
    const world = life.start()
    const client = await world.client()
    const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true, arguments: {} }
    client.send(1, 'queue.declare', { queue: 'q', ...flags })
    client.send(1, 'confirm.select', { noWait: true })
    const first = known.published.length
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < PUBLISHED_A_ROUND; i++) publish(client, known)
      for (let i = 0; i < TAKEN_A_ROUND; i++) client.send(1, 'basic.get', { queue: 'q', noAck: false })
      await world.advance(PATIENCE_MS)
      if (life.fatal !== null) throw life.fatal
      hear(client, known, first)
    }
    client.send(1, 'queue.delete', { queue: `none-${half}`, ifUnused: false, ifEmpty: false, noWait: true })
    await world.advance(PATIENCE_MS)
    if (life.fatal !== null) throw life.fatal
    hear(client, known, first)
    // What a read that failed held up is acknowledged only now.
    await world.advance(PATIENCE_MS)
    if (life.fatal !== null) throw life.fatal
    expect(known.confirmed.size, `${life.failed} failed, and what waited goes on by itself`).toBe(
      known.published.length,
    )
    life.crash()
  }
}

function publish(client: TestClient, known: Known): void {
  const id = String(known.published.length)
  known.published.push(id)
  const properties = { deliveryMode: 2, messageId: id }
  client.publish(1, { routingKey: 'q', properties, body: bodyFor(id) })
}

function hear(client: TestClient, known: Known, first: number): void {
  for (const heard of client.take()) {
    if (heard.kind !== 'method') continue
    const { method, content } = heard
    if (method.name === 'basic.ack') {
      const { deliveryTag, multiple } = method.args
      const from = multiple ? 1 : deliveryTag
      for (let tag = from; tag <= deliveryTag; tag++) known.confirmed.add(known.published[first + tag - 1]!)
    } else if (method.name === 'basic.get-ok') {
      known.acked.add(content!.properties.messageId!)
      client.send(1, 'basic.ack', { deliveryTag: method.args.deliveryTag, multiple: false })
    }
  }
}

/** The ids in the queue after a power failure, with bodies that are whole. */
async function remaining(life: Life): Promise<string[]> {
  const world = life.start()
  const client = await world.client()
  for (let i = 0; i < 2 * ROUNDS * PUBLISHED_A_ROUND; i++) client.send(1, 'basic.get', { queue: 'q', noAck: false })
  await world.settle()
  return client.take().flatMap(heard => {
    if (heard.kind !== 'method' || heard.method.name !== 'basic.get-ok') return []
    const id = heard.content!.properties.messageId!
    expect(heard.content!.body).toEqual(bodyFor(id))
    return [id]
  })
}

async function lifeWith(failAt: number, code: string): Promise<number> {
  const life = new Life(failAt, code)
  const known: Known = { published: [], confirmed: new Set(), acked: new Set() }
  let isOver = false
  try {
    await live(life, known)
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code, String((error as Error).stack)).toBe(code)
    if (code === 'ENOSPC') expect(life.failed).toMatch(FATAL_ON_FULL_DISK)
    isOver = true
    life.crash()
  }
  const { calls } = life
  life.heal()
  const found = await remaining(life)
  const ids = new Set(found)
  expect(ids.size).toBe(found.length)
  const lost = [...known.confirmed].filter(id => !known.acked.has(id) && !ids.has(id))
  expect(lost, `call ${failAt} failed with ${code}`).toEqual([])
  const back = [...known.acked].filter(id => ids.has(id))
  if (!isOver) expect(back, `call ${failAt} failed with ${code}`).toEqual([])
  return calls
}

test.each(['EIO', 'ENOSPC'])(
  'with %s, and the next start finds all that was confirmed',
  { timeout: 120_000 },
  async code => {
    const calls = await lifeWith(Number.POSITIVE_INFINITY, code)
    expect(calls).toBeGreaterThan(100)
    for (let failAt = 1; failAt <= calls; failAt++) await lifeWith(failAt, code)
  },
)
