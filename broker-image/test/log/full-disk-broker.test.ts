/** Messages that move by themselves on a full disk: they wait for room, and what is consumed makes it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FieldTable } from '../../src/wire/field-table.ts'
import { BrokerWorld } from '../support/broker-world.ts'
import type { TestClient } from '../support/test-client.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'

const MEBIBYTE = 1_048_576
const SIZES = { segmentBytes: MEBIBYTE, metaSegmentBytes: 65_536, residentBytesMax: 4 * MEBIBYTE }
const BODY = Buffer.alloc(8_000, 0x61)
const DELAY_MS_MAX = 10_000
/** Lives of the property. */
const RUNS = 3
/** Seconds in which all must be over. */
const SECONDS_MAX = 200

/** A broker whose disk is soon full. */
class World {
  readonly #random: () => number
  readonly #world: BrokerWorld
  #disks = new Map<string, MemoryDisk>()
  client!: TestClient
  confirmed = 0
  taken = 0

  constructor(bytesMax: number, seed = 1) {
    this.#random = seeded(seed)
    const disk = (name: string): MemoryDisk => {
      const made = new MemoryDisk(this.#random)
      made.bytesMax = name === 'queues' ? bytesMax : Number.POSITIVE_INFINITY
      this.#disks.set(name, made)
      return made
    }
    const eachTurn = (): boolean => {
      const isBusy = [...this.#disks.values()].some(({ pending }) => pending > 0)
      for (const each of this.#disks.values()) each.run()
      return isBusy
    }
    this.#world = new BrokerWorld({ disk, eachTurn, logSizes: SIZES })
  }

  get isBlocked(): boolean {
    return this.#world.broker.alarms.disk
  }

  async connect(): Promise<void> {
    this.client = this.#world.socket()
    this.client.login()
    this.client.send(1, 'confirm.select', { noWait: true })
    await this.#settle()
  }

  async declare(queue: string, args: FieldTable): Promise<void> {
    const flags = { passive: false, durable: true, autoDelete: false, noWait: true, internal: false, exclusive: false }
    const type = 'x-delayed-message'
    const exchange = 'delaying'
    this.client.send(1, 'queue.declare', { queue, ...flags, arguments: args })
    this.client.send(1, 'exchange.declare', { exchange, type, ...flags, arguments: { 'x-delayed-type': 'fanout' } })
    await this.#settle()
  }

  async bind(queue: string): Promise<void> {
    this.client.send(1, 'queue.bind', { queue, exchange: 'delaying', routingKey: '', noWait: true, arguments: {} })
    await this.#settle()
  }

  async publish(exchange: string, routingKey: string): Promise<void> {
    const headers = { 'x-delay': 1_000 + Math.floor(this.#random() * DELAY_MS_MAX) }
    this.client.publish(1, { exchange, routingKey, properties: { deliveryMode: 2, headers }, body: BODY })
    await this.#settle()
  }

  async kill(): Promise<void> {
    const bytesMax = this.#disks.get('queues')!.bytesMax
    this.#disks = new Map([...this.#disks].map(([name, disk]) => [name, disk.kill()]))
    this.#disks.get('queues')!.bytesMax = bytesMax
    this.#world.restart(name => this.#disks.get(name)!)
    await this.connect()
  }

  /** A second in which all that can be taken from the queue is. */
  async consume(queue: string): Promise<void> {
    const { messagesReady } = this.#world.broker.vhosts.get('/')!.queue(queue, null)
    for (let i = 0; i < messagesReady; i++) this.client.send(1, 'basic.get', { queue, noAck: true })
    for (let tick = 0; tick < 10; tick++) {
      this.#world.clock.advance(100)
      await this.#settle()
    }
  }

  async #settle(): Promise<void> {
    await this.#world.settle()
    for (const heard of this.client.take()) {
      if (heard.kind !== 'method') continue
      if (heard.method.name === 'basic.get-ok') this.taken++
      if (heard.method.name === 'basic.ack') this.confirmed++
    }
  }
}

const TO_OUT = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'out' }

/** What moves by itself goes to `out`: from the exchange `delaying`, and from the queue `in`. */
async function newWorld(bytesMax: number, seed?: number): Promise<World> {
  const world = new World(bytesMax, seed)
  await world.connect()
  await world.declare('out', {})
  await world.bind('out')
  await world.declare('in', { 'x-message-ttl': DELAY_MS_MAX, ...TO_OUT })
  return world
}

interface Life {
  /** One message in so many is delayed, the others die. */
  delayedOneIn: number
  /** Seconds in which messages are taken before each kill. */
  kills: readonly number[]
}

async function publish(world: World, count: number, { delayedOneIn }: Life): Promise<void> {
  if (count % delayedOneIn === 0) await world.publish('delaying', '')
  else await world.publish('', 'in')
}

/** Publishes until the disk is full, is killed, and consumes: all that was confirmed comes, and publishers go on. */
async function live(world: World, life: Life): Promise<void> {
  for (let count = 1; !world.isBlocked; count++) await publish(world, count, life)
  // Nobody reads from who published.
  await world.connect()
  for (const seconds of life.kills) {
    for (let second = 0; second < seconds; second++) await world.consume('out')
    await world.kill()
    if (world.taken === 0) expect(world.isBlocked).toBe(true)
  }
  for (let second = 0; second < SECONDS_MAX && world.taken < world.confirmed; second++) await world.consume('out')
  expect(world.taken).toBeGreaterThanOrEqual(world.confirmed)
  await world.consume('out')
  expect(world.isBlocked).toBe(false)
  const before = world.confirmed
  await world.connect()
  await publish(world, 1, life)
  expect(world.confirmed).toBe(before + 1)
}

test('delayed messages that fill the disk reach their queue in the end, though the broker was killed', async () => {
  await live(await newWorld(4 * MEBIBYTE), { delayedOneIn: 1, kills: [0] })
})

test('dead letters that fill the disk reach their queue in the end, though the broker was killed', async () => {
  await live(await newWorld(4 * MEBIBYTE), { delayedOneIn: Number.POSITIVE_INFINITY, kills: [0] })
})

test('whenever it is killed, dead letters and delayed messages reach their queue, and publishers go on', async () => {
  const life = fc.record({
    delayedOneIn: fc.constantFrom(1, 2, 5, Number.POSITIVE_INFINITY),
    kills: fc.array(fc.nat({ max: 12 }), { maxLength: 3 }),
  })
  // Five usual files and more: what docs/operations.md asks for.
  const bytesMax = fc.integer({ min: 5 * MEBIBYTE, max: 7 * MEBIBYTE })
  const property = fc.asyncProperty(fc.nat(), bytesMax, life, async (seed, bytesMax, life) =>
    live(await newWorld(bytesMax, seed), life),
  )
  await fc.assert(property, { numRuns: RUNS })
})
