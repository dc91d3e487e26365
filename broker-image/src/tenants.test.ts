/** Messages are where they were, for clients, after the log was cleaned under them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../test/log/memory-disk.ts'
import { BrokerWorld } from '../test/support/broker-world.ts'
import type { TestClient } from '../test/support/test-client.ts'
import type { Segment } from './log/segment.ts'
import type { Queue } from './queue/queue.ts'
import { QueueTenants } from './tenants.ts'

const SEGMENT_BYTES = 8_192
const SIZES = {
  segmentBytes: SEGMENT_BYTES,
  metaSegmentBytes: 16_384,
  residentBytesMax: 3 * SEGMENT_BYTES,
  spareMax: 1,
  uncheckpointedMax: 1,
  cleanerPatienceMs: 0,
}
const BODY = Buffer.alloc(600, 'x')
const MESSAGES = 200
/** More turns than it takes to clean everything. */
const TURNS = 3_000

class CleanedWorld {
  readonly world: BrokerWorld
  #disks = new Map<string, MemoryDisk>()

  constructor() {
    const random = seeded(1)
    const disk = (name: string): MemoryDisk => {
      const made = new MemoryDisk(random)
      this.#disks.set(name, made)
      return made
    }
    this.world = new BrokerWorld({ disk, eachTurn: () => this.#turn(), logSizes: SIZES })
  }

  async client(): Promise<TestClient> {
    const client = this.world.socket()
    client.login()
    await this.world.settle()
    client.take()
    return client
  }

  get queue(): Queue {
    return this.world.broker.vhosts.get('/')!.queue('q', null)
  }

  /** Segments of messages. */
  get segments(): number {
    let count = 0
    for (let at = this.world.broker.log.tail; at !== null; at = at.previous) if (at.live > 0) count++
    return count
  }

  async clean(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 10) await this.world.settle()
  }

  async crash(): Promise<void> {
    this.#disks = new Map([...this.#disks].map(([name, disk]) => [name, disk.crash()]))
    this.world.restart(name => this.#disks.get(name)!)
    await this.world.settle()
  }

  #turn(): boolean {
    const busy = [...this.#disks.values()].filter(disk => disk.pending > 0)
    for (const disk of busy) disk.run()
    return busy.length > 0
  }
}

interface Got {
  id: string
  deliveryTag: number
  redelivered: boolean
}

async function get({ world }: CleanedWorld, client: TestClient, count: number): Promise<Got[]> {
  for (let i = 0; i < count; i++) client.send(1, 'basic.get', { queue: 'q', noAck: false })
  await world.settle()
  return client.take().flatMap(heard => {
    if (heard.kind !== 'method' || heard.method.name !== 'basic.get-ok') return []
    const { deliveryTag, redelivered } = heard.method.args
    expect(heard.content!.body.equals(BODY)).toBe(true)
    return [{ id: heard.content!.properties.messageId!, deliveryTag, redelivered }]
  })
}

async function filled(args: { [name: string]: number | string }): Promise<{ at: CleanedWorld; client: TestClient }> {
  const at = new CleanedWorld()
  const client = await at.client()
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true }
  client.send(1, 'queue.declare', { queue: 'q', ...flags, arguments: args })
  for (let i = 0; i < MESSAGES; i++) {
    const properties = { deliveryMode: 2, messageId: `${i}`, priority: i % 3 }
    client.publish(1, { routingKey: 'q', properties, body: BODY })
    if (i % 10 === 9) await at.world.settle()
  }
  return { at, client }
}

/** What becomes of every message that is taken: most are acknowledged, or nothing would be cleaned. */
const fates = fc.array(fc.constantFrom('ack', 'ack', 'ack', 'ack', 'ack', 'hold', 'requeue'), {
  minLength: 20,
  maxLength: 40,
})

test.each([{}, { 'x-max-priority': 5 }])('cleaning changes nothing that clients see (%o)', async args => {
  let cleaned = 0
  await fc.assert(
    fc.asyncProperty(fates, fc.boolean(), async (fate, isCrashing) => {
      const { at, client } = await filled(args)
      const order = (await get(at, client, MESSAGES)).map(({ id }) => id)
      const fateOf = (place: number): string => fate[place % fate.length]!
      for (const [place] of order.entries()) {
        const deliveryTag = place + 1
        if (fateOf(place) === 'ack') client.send(1, 'basic.ack', { deliveryTag, multiple: false })
        if (fateOf(place) === 'requeue') client.send(1, 'basic.reject', { deliveryTag, requeue: true })
      }
      const before = at.segments
      await at.clean()
      cleaned += before - at.segments
      const kept = (wanted: string): string[] => order.filter((_, place) => fateOf(place) === wanted)
      expect(at.queue.messagesUnacknowledged).toBe(kept('hold').length)
      expect(at.queue.messagesReady).toBe(kept('requeue').length)
      if (isCrashing) {
        await at.crash()
        const all = await get(at, await at.client(), MESSAGES)
        expect(all.map(({ id }) => id)).toEqual(order.filter((_, place) => fateOf(place) !== 'ack'))
        return
      }
      client.send(1, 'basic.nack', { deliveryTag: 0, multiple: true, requeue: true })
      await at.world.settle()
      client.take()
      const all = await get(at, client, MESSAGES)
      expect(all.map(({ id }) => id)).toEqual(order.filter((_, place) => fateOf(place) !== 'ack'))
      expect(all.every(({ redelivered }) => redelivered)).toBe(true)
      client.send(1, 'basic.ack', { deliveryTag: 0, multiple: true })
      await at.clean()
      expect([at.queue.messagesReady, at.queue.messagesUnacknowledged, at.segments]).toEqual([0, 0, 0])
    }),
    { numRuns: 12 },
  )
  expect(cleaned).toBeGreaterThan(0)
})

test('deliveries of a deleted queue do not keep their segments', async () => {
  const { at, client } = await filled({})
  const all = await get(at, client, MESSAGES)
  for (const { deliveryTag } of all) {
    if (deliveryTag % 20 > 0) client.send(1, 'basic.ack', { deliveryTag, multiple: false })
  }
  client.send(1, 'queue.delete', { queue: 'q', ifUnused: false, ifEmpty: false, noWait: true })
  await at.clean()
  expect(at.segments).toBeLessThanOrEqual(3)
  client.send(1, 'basic.ack', { deliveryTag: 0, multiple: true })
  await at.clean()
  expect(at.segments).toBe(0)
})

test('messages that are held aside move too', async () => {
  const { at, client } = await filled({})
  const all = await get(at, client, MESSAGES)
  for (const { deliveryTag } of all) {
    if (deliveryTag % 20 === 0) client.send(1, 'basic.reject', { deliveryTag, requeue: true })
  }
  await at.world.settle()
  const held = [...Array(at.queue.messagesReady)].map(() => {
    at.queue.ready.peek()
    at.queue.ready.shift()
    const { seq, segment, offset, sized } = at.queue.ready
    const position = { seq, segment, offset, sized }
    at.queue.aside.add(position)
    return { position, before: { segment, offset } }
  })
  for (const { deliveryTag } of all) {
    if (deliveryTag % 20 > 0) client.send(1, 'basic.ack', { deliveryTag, multiple: false })
  }
  await at.clean()
  expect(held.some(({ position, before }) => position.segment !== before.segment)).toBe(true)
  for (const { position } of held) {
    at.queue.aside.delete(position.seq)
    at.queue.ready.put(position.seq, position.segment, position.offset, position.sized)
  }
  expect((await get(at, client, MESSAGES)).length).toBe(held.length)
})

test('a delivery lives in one segment, though another one has an entry of it at the same place', async () => {
  const { at, client } = await filled({})
  await get(at, client, MESSAGES)
  const { broker } = at.world
  const [unacked] = [...broker.connections].flatMap(({ channels }) => [...channels.values()].map(each => each.unacked))
  const segments: Segment[] = []
  for (let each = broker.log.tail; each !== null; each = each.previous) segments.push(each)
  const tenants = new QueueTenants(broker.queuesById, visit => visit(unacked!))
  const handles = new Uint8Array(segments.length + 2).fill(1)
  let seen = 0
  tenants.look(segments)
  unacked!.eachIn(handles, () => {
    const { seq, segment, offset } = unacked!
    const found = segments.filter(({ handle }) => tenants.bodyBytes(at.queue.id, seq, handle, offset) >= 0)
    expect(found.map(({ handle }) => handle)).toEqual([segment])
    seen++
  })
  expect(seen).toBeGreaterThan(100)
})
