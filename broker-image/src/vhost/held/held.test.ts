/** What exchanges keep for their messages, across power failures: on disks that lose what was not synced. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../../test/log/memory-disk.ts'
import { BrokerWorld } from '../../../test/support/broker-world.ts'
import type { TestClient } from '../../../test/support/test-client.ts'
import type { FieldTable } from '../../wire/field-table.ts'
import type { Vhost } from '../vhost.ts'
import type { VhostExchange } from '../vhost-exchange.ts'

const SMALL = {
  segmentBytes: 4_096,
  metaSegmentBytes: 16_384,
  residentBytesMax: 3 * 4_096,
  spareMax: 1,
  uncheckpointedMax: 1,
}
const BODY = Buffer.alloc(300, 'x')

/** A broker with an exchange `e` and a queue `q` bound to it, whose power may fail. */
class World {
  readonly #world: BrokerWorld
  #disks = new Map<string, MemoryDisk>()
  #client!: TestClient
  /** Message ids by delivery tag that the broker has not confirmed. */
  #unconfirmed = new Map<number, string>()
  #published = 0
  readonly confirmed = new Set<string>()

  constructor(seed: number) {
    const random = seeded(seed)
    const disk = (name: string): MemoryDisk => {
      const made = new MemoryDisk(random)
      this.#disks.set(name, made)
      return made
    }
    this.#world = new BrokerWorld({ disk, eachTurn: () => this.#turn(), logSizes: SMALL })
  }

  async open(type: string, args: FieldTable, queueArgs: FieldTable = {}): Promise<void> {
    await this.#connect()
    const flags = { passive: false, durable: true, autoDelete: false, noWait: true }
    this.#client.send(1, 'exchange.declare', { exchange: 'e', type, ...flags, internal: false, arguments: args })
    this.#client.send(1, 'queue.declare', { queue: 'q', ...flags, exclusive: false, arguments: queueArgs })
    this.#client.send(1, 'queue.bind', { queue: 'q', exchange: 'e', routingKey: '', noWait: true, arguments: {} })
    await this.settle()
  }

  publish(messageId: string, headers: FieldTable): void {
    this.#unconfirmed.set(++this.#published, messageId)
    const properties = { deliveryMode: 2, messageId, headers }
    this.#client.publish(1, { exchange: 'e', routingKey: '', properties, body: BODY })
  }

  /** Part of what there is to do, and perhaps no disk write of it. */
  async someTurns(turns: number): Promise<void> {
    for (let i = 0; i < turns; i++) {
      await new Promise(resolve => setImmediate(resolve))
      for (const disk of this.#disks.values()) if (disk.pending > 0) disk.step()
    }
    this.#hear()
  }

  async settle(): Promise<void> {
    await this.#world.settle()
    this.#hear()
  }

  async advance(ms: number): Promise<void> {
    this.#world.clock.advance(ms)
    await this.settle()
  }

  /** Time passes, and nothing that follows from it is done yet. */
  pass(ms: number): void {
    this.#world.clock.advance(ms)
  }

  async crash(): Promise<void> {
    this.#hear()
    this.#disks = new Map([...this.#disks].map(([name, disk]) => [name, disk.crash()]))
    this.#world.restart(name => this.#disks.get(name)!)
    await this.#connect()
  }

  get vhost(): Vhost {
    return this.#world.broker.vhosts.get('/')!
  }

  get exchange(): VhostExchange {
    return this.vhost.exchange('e')
  }

  /** Takes everything that is in the queue; answers the ids. */
  async drain(): Promise<string[]> {
    const { messagesReady } = this.vhost.queue('q', null)
    for (let i = 0; i < messagesReady; i++) this.#client.send(1, 'basic.get', { queue: 'q', noAck: true })
    await this.#world.settle()
    return this.#client.take().flatMap(heard => {
      const isMessage = heard.kind === 'method' && heard.method.name === 'basic.get-ok'
      return isMessage ? [heard.content!.properties.messageId!] : []
    })
  }

  async #connect(): Promise<void> {
    this.#client = this.#world.socket()
    this.#client.login()
    this.#client.send(1, 'confirm.select', { noWait: true })
    this.#unconfirmed = new Map()
    this.#published = 0
    await this.settle()
  }

  #hear(): void {
    for (const heard of this.#client.take()) {
      if (heard.kind !== 'method' || heard.method.name !== 'basic.ack') continue
      const { deliveryTag, multiple } = heard.method.args
      for (const [tag, id] of this.#unconfirmed) {
        if (tag !== Number(deliveryTag) && !(multiple && tag < Number(deliveryTag))) continue
        this.confirmed.add(id)
        this.#unconfirmed.delete(tag)
      }
    }
  }

  #turn(): boolean {
    const busy = [...this.#disks.values()].filter(disk => disk.pending > 0)
    for (const disk of busy) disk.run()
    return busy.length > 0
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), value: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turns' as const), value: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), value: fc.nat(15) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const), value: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), value: fc.constant(0) }) },
)
const history = fc.array(step, { minLength: 10, maxLength: 60 })

async function play(world: World, steps: readonly { do: string; value: number }[], publish: (value: number) => void) {
  for (const { do: what, value } of steps) {
    if (what === 'publish') publish(value)
    else if (what === 'turns') await world.someTurns(value)
    else if (what === 'pass') world.pass(value)
    else if (what === 'settle') await world.settle()
    else await world.crash()
  }
  await world.crash()
}

describe('a delayed exchange', () => {
  test('sends each confirmed message once, and each other at most once, whenever the power fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), history, async (seed, steps) => {
        const world = new World(seed)
        await world.open('x-delayed-message', { 'x-delayed-type': 'fanout' })
        let published = 0
        await play(world, steps, value => world.publish(`${published++}`, { 'x-delay': value }))
        await world.advance(1_000)
        const arrived = await world.drain()
        expect(new Set(arrived).size).toBe(arrived.length)
        expect([...world.confirmed].filter(id => !arrived.includes(id))).toEqual([])
        expect(world.exchange.held.delayed!.messagesReady).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('releases thousands in the order of their times, from disk as well, across a restart', async () => {
    const world = new World(7)
    await world.open('x-delayed-message', { 'x-delayed-type': 'fanout' })
    const delays = Array.from({ length: 1_500 }, (_, i) => 10_000 + ((i * 7_919) % 1_009))
    for (const [i, delay] of delays.entries()) world.publish(`${i}`, { 'x-delay': delay })
    await world.settle()
    expect(world.exchange.held.delayed!.messagesReady).toBe(1_500)
    await world.crash()
    expect(world.exchange.held.delayed!.messagesReady).toBe(1_500)
    world.pass(20_000)
    for (let i = 0; i < 100 && world.exchange.held.delayed!.messagesReady > 0; i++) await world.advance(1)
    const inTime = delays.map((delay, i) => ({ delay, i })).toSorted((a, b) => a.delay - b.delay || a.i - b.i)
    expect(await world.drain()).toEqual(inTime.map(({ i }) => `${i}`))
  })

  test('costs nothing once it is deleted', async () => {
    const world = new World(8)
    await world.open('x-delayed-message', { 'x-delayed-type': 'fanout' })
    world.publish('m', { 'x-delay': 10 })
    await world.settle()
    world.vhost.deleteExchange('e', { ifUnused: false })
    await world.settle()
    await world.crash()
    await world.advance(100)
    expect(await world.drain()).toEqual([])
    expect(world.vhost.exchanges.has('e')).toBe(false)
  })
})

describe('each key that gets confirmed passes once, though its publisher tries until it does', () => {
  const places: readonly (readonly [where: string, type: string, args: FieldTable, queueArgs: FieldTable])[] = [
    ['an exchange of the type', 'x-message-deduplication', { 'x-cache-size': 1_000 }, {}],
    ['a queue with the argument', 'fanout', {}, { 'x-message-deduplication': true }],
  ]
  test.each(places)('%s', async (_where, type, args, queueArgs) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), history, async (seed, steps) => {
        const world = new World(seed)
        await world.open(type, args, queueArgs)
        const keys = new Set<string>()
        const publish = (key: string): void => world.publish(key, { 'x-deduplication-header': key })
        const publishAll = async (): Promise<void> => {
          for (const key of keys) publish(key)
          await world.settle()
        }
        await play(world, steps, value => {
          keys.add(`${value % 12}`)
          publish(`${value % 12}`)
        })
        await publishAll()
        expect((await world.drain()).sort()).toEqual([...keys].sort())
        await publishAll()
        // The exchange knows its keys for longer than the queue, which forgets those of messages that left.
        expect((await world.drain()).sort()).toEqual(type === 'fanout' ? [...keys].sort() : [])
        if (type !== 'fanout') expect(world.exchange.held.keys!.count).toBe(keys.size)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a recent history', () => {
  test('is replayed in order where most of it is on disk', async () => {
    const world = new World(9)
    await world.open('x-recent-history', { 'x-recent-history-length': 100 })
    for (let i = 0; i < 150; i++) world.publish(`${i}`, {})
    await world.settle()
    await world.crash()
    await world.drain()
    const again = {
      source: 'e',
      destination: 'q',
      destinationType: 'queue',
      routingKey: 'again',
      arguments: {},
    } as const
    world.vhost.bind(again, null)
    await world.settle()
    expect(await world.drain()).toEqual(Array.from({ length: 100 }, (_, i) => `${i + 50}`))
  })
})
