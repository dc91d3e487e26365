/** What a broker knows again after its power failed: logs with checkpoints, on a disk that loses what was not synced. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CrashingWorld } from '../test/support/crashing-world.ts'
import type { TestClient } from '../test/support/test-client.ts'

const SMALL = {
  segmentBytes: 16_384,
  metaSegmentBytes: 16_384,
  residentBytesMax: 3 * 16_384,
  spareMax: 1,
  uncheckpointedMax: 1,
}
const BODY = Buffer.alloc(1_000, 'x')

function declare(client: TestClient, queue: string, args: { [name: string]: number | string } = {}): void {
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true }
  client.send(1, 'queue.declare', { queue, ...flags, arguments: args })
}

function publish(client: TestClient, routingKey: string, messageId: string, priority?: number): void {
  const more = priority === undefined ? {} : { priority }
  client.publish(1, { routingKey, properties: { deliveryMode: 2, messageId, ...more }, body: BODY })
}

/** Takes messages without acknowledging them; answers their ids and whether they were redelivered. */
async function take(opened: CrashingWorld, client: TestClient, queue: string, count: number) {
  for (let i = 0; i < count; i++) client.send(1, 'basic.get', { queue, noAck: false })
  await opened.settle()
  return client.take().flatMap(heard => {
    if (heard.kind !== 'method' || heard.method.name !== 'basic.get-ok') return []
    const { deliveryTag, redelivered } = heard.method.args
    const { messageId, headers } = heard.content!.properties
    return [{ id: messageId!, deliveryTag, redelivered, returns: headers?.['x-delivery-count'] }]
  })
}

const shown = ({ id, returns }: { id: string; returns: unknown }) => ({ id, returns })

/** A queue with priorities up to `max`, as its clients know it. */
class PriorityModel {
  readonly #max: number
  #held: { id: string; priority: number; returns: number }[] = []
  #next = 0

  constructor(max: number) {
    this.#max = max
  }

  add(priority: number): string {
    const id = String(this.#next++)
    this.#held.push({ id, priority: Math.min(priority, this.#max), returns: 0 })
    return id
  }

  first(count: number) {
    const sorted = this.#held.toSorted((a, b) => b.priority - a.priority || Number(a.id) - Number(b.id))
    return sorted.slice(0, count).map(({ id, returns }) => ({ id, returns }))
  }

  acknowledged(id: string): void {
    this.#held = this.#held.filter(message => message.id !== id)
  }

  cameBack(id: string): void {
    const message = this.#held.find(held => held.id === id)!
    message.returns++
  }
}

describe('after a crash', () => {
  test('what was confirmed is there, what was settled is not, across checkpoints', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fc.nat(9), { minLength: 1, maxLength: 12 }), async (seed, taken) => {
        const opened = new CrashingWorld(SMALL, seed)
        const client = await opened.client()
        declare(client, 'q')
        let published = 0
        const settled = new Set<string>()
        for (const count of taken) {
          for (let i = 0; i < 10; i++) publish(client, 'q', String(published++))
          const got = await take(opened, client, 'q', count)
          for (const { id, deliveryTag } of got.slice(1)) {
            client.send(1, 'basic.ack', { deliveryTag, multiple: false })
            settled.add(id)
          }
        }
        await opened.settle()
        await opened.crash()
        const again = await take(opened, await opened.client(), 'q', published)
        const expected = Array.from({ length: published }, (_, at) => String(at)).filter(id => !settled.has(id))
        expect(again.map(({ id }) => id)).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  })

  test('priorities are in order again, and how often messages came back is known, across checkpoints', async () => {
    const rounds = fc.array(fc.record({ taken: fc.nat(12), priority: fc.nat(9) }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.nat(), rounds, async (seed, drawn) => {
        const opened = new CrashingWorld(SMALL, seed)
        const client = await opened.client()
        declare(client, 'q', { 'x-max-priority': 5, 'x-delivery-limit': 100 })
        const model = new PriorityModel(5)
        for (const { taken, priority } of drawn) {
          for (let i = 0; i < 10; i++) publish(client, 'q', model.add(priority + i), priority + i)
          const got = await take(opened, client, 'q', taken)
          expect(got.map(shown)).toEqual(model.first(taken))
          for (const [i, { id, deliveryTag }] of got.entries()) {
            if (i % 3 === 0) client.send(1, 'basic.ack', { deliveryTag, multiple: false })
            else client.send(1, 'basic.nack', { deliveryTag, multiple: false, requeue: true })
            if (i % 3 === 0) model.acknowledged(id)
            else model.cameBack(id)
          }
        }
        await opened.settle()
        await opened.crash()
        await opened.crash()
        const again = await take(opened, await opened.client(), 'q', 200)
        expect(again.map(shown)).toEqual(model.first(200))
      }),
      { numRuns: 25 },
    )
  })

  test('a second crash finds the same as the first', async () => {
    const opened = new CrashingWorld(SMALL)
    const client = await opened.client()
    declare(client, 'q', { 'x-max-length': 40 })
    for (let i = 0; i < 60; i++) publish(client, 'q', String(i))
    await opened.settle()
    await opened.crash()
    await opened.crash()
    const ids = (await take(opened, await opened.client(), 'q', 60)).map(({ id }) => id)
    expect(ids).toEqual(Array.from({ length: 40 }, (_, at) => String(at + 20)))
  })

  test('numbers of messages go on, so that a settlement never hits another one', async () => {
    const opened = new CrashingWorld(SMALL)
    const client = await opened.client()
    declare(client, 'q')
    publish(client, 'q', 'first')
    const [first] = await take(opened, client, 'q', 1)
    client.send(1, 'basic.ack', { deliveryTag: first!.deliveryTag, multiple: false })
    await opened.settle()
    const before = opened.queue('q').nextSeq
    await opened.crash()
    expect(opened.queue('q').nextSeq).toBe(before)
  })

  test('a queue that was deleted and declared again does not get the messages of the first', async () => {
    const opened = new CrashingWorld(SMALL)
    const client = await opened.client()
    declare(client, 'q')
    publish(client, 'q', 'lost')
    await opened.settle()
    client.send(1, 'queue.delete', { queue: 'q', ifUnused: false, ifEmpty: false, noWait: true })
    declare(client, 'q')
    await opened.settle()
    await opened.crash()
    expect(opened.queue('q').messagesReady).toBe(0)
  })
})

describe('messages that were brought to disk', () => {
  /** A queue of which only the end is in memory. */
  async function backlog(opened: CrashingWorld, args: { [name: string]: number | string } = {}) {
    const client = await opened.client()
    declare(client, 'dead')
    declare(client, 'q', args)
    for (let i = 0; i < 100; i++) {
      publish(client, 'q', String(i))
      if (i % 10 === 0) await opened.settle()
    }
    await opened.settle()
    client.take()
    return client
  }

  test('come back in order for a consumer', async () => {
    const opened = new CrashingWorld(SMALL)
    const client = await backlog(opened)
    const consume = { queue: 'q', consumerTag: 'c', noLocal: false, noAck: true, exclusive: false, noWait: true }
    client.send(1, 'basic.consume', { ...consume, arguments: {} })
    await opened.settle()
    const ids = client.take().flatMap(heard => (heard.kind === 'method' ? [heard.content?.properties.messageId] : []))
    expect(ids).toEqual(Array.from({ length: 100 }, (_, at) => String(at)))
  })

  test('are not lost to a get whose client went before they came', async () => {
    const opened = new CrashingWorld(SMALL)
    const client = await backlog(opened)
    client.send(1, 'basic.get', { queue: 'q', noAck: true })
    client.socket.endFromClient()
    await opened.settle()
    expect(opened.queue('q')).toMatchObject({ messagesReady: 100, messagesUnacknowledged: 0 })
  })

  test('come back to their priorities without being read again', async () => {
    const opened = new CrashingWorld(SMALL)
    const client = await opened.client()
    declare(client, 'q', { 'x-max-priority': 9 })
    for (let i = 0; i < 100; i++) publish(client, 'q', String(i), i % 10)
    await opened.settle()
    client.take()
    const taken = await take(opened, client, 'q', 100)
    publish(client, 'q', 'new', 5)
    await opened.settle()
    client.send(1, 'basic.nack', { deliveryTag: 0, multiple: true, requeue: true })
    await opened.settle()
    expect(opened.queue('q')).toMatchObject({ messagesReady: 101, messagesUnacknowledged: 0 })
    client.take()
    const again = (await take(opened, client, 'q', 101)).map(({ id }) => id)
    const before = taken.map(({ id }) => id)
    expect(again.filter(id => id !== 'new')).toEqual(before)
    expect(again.indexOf('new')).toBe(before.indexOf('95') + 1)
  })

  test('are known to a checkpoint while they are read to become dead letters, which keep their order', async () => {
    const opened = new CrashingWorld(SMALL)
    const client = await backlog(opened, {
      'x-message-ttl': 1_000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
    })
    opened.world.clock.advance(1_000)
    const queue = opened.queue('q')
    expect(queue.messagesReady).toBe(0)
    expect(queue.dead.count).toBeGreaterThan(0)
    let known = 0
    queue.eachRun((_first, count) => {
      known += count
    })
    expect(known).toBe(queue.dead.count)
    await opened.settle()
    expect([queue.dead.count, opened.queue('dead').messagesReady]).toEqual([0, 100])
    const ids = (await take(opened, client, 'dead', 100)).map(({ id }) => id)
    expect(ids).toEqual(Array.from({ length: 100 }, (_, at) => String(at)))
  })
})

describe('a dead letter that waits', () => {
  const waiting = {
    'x-dead-letter-exchange': 'dlx',
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  }
  const step = fc.record({
    kind: fc.constantFrom('publish', 'publish', 'reject', 'crash', 'bind', 'unbind', 'drain'),
    count: fc.integer({ min: 1, max: 12 }),
  })

  function bindDead(client: TestClient, kind: 'bind' | 'unbind'): void {
    const route = { queue: 'dead', exchange: 'dlx', routingKey: '', arguments: {} }
    if (kind === 'bind') client.send(1, 'queue.bind', { ...route, noWait: false })
    else client.send(1, 'queue.unbind', route)
  }

  async function opened(seed: number) {
    const world = new CrashingWorld(SMALL, seed)
    const client = await world.client()
    const flags = { passive: false, durable: true, autoDelete: false, internal: false, noWait: false }
    client.send(1, 'exchange.declare', { exchange: 'dlx', type: 'fanout', ...flags, arguments: {} })
    declare(client, 'q', waiting)
    declare(client, 'dead')
    await world.settle()
    client.take()
    return { world, client }
  }

  test('is in its own queue or in another, and nowhere twice, whatever crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(step, { minLength: 1, maxLength: 25 }), async (seed, steps) => {
        const start = await opened(seed)
        const { world } = start
        let { client } = start
        let published = 0
        const rejected = new Set<string>()
        const drained = new Set<string>()
        for (const { kind, count } of steps) {
          if (kind === 'publish') for (let i = 0; i < count; i++) publish(client, 'q', String(published++))
          else if (kind === 'bind' || kind === 'unbind') bindDead(client, kind)
          else if (kind === 'crash') {
            await world.crash()
            client = await world.client()
          } else {
            const from = kind === 'reject' ? 'q' : 'dead'
            for (const { id, deliveryTag } of await take(world, client, from, count)) {
              expect((kind === 'reject' ? rejected : drained).has(id)).toBe(false)
              if (kind === 'reject') client.send(1, 'basic.reject', { deliveryTag, requeue: false })
              else client.send(1, 'basic.ack', { deliveryTag, multiple: false })
              if (kind === 'reject') rejected.add(id)
              else drained.add(id)
            }
          }
          await world.settle()
          client.take()
          const q = world.queue('q')
          expect(q.messagesReady).toBe(published - rejected.size)
          expect(q.dead.count + world.queue('dead').messagesReady + drained.size).toBe(rejected.size)
          expect(q.dead.bytes).toBe(q.dead.count * BODY.length)
        }
        bindDead(client, 'bind')
        await world.settle()
        client.take()
        expect(world.queue('q').dead.count).toBe(0)
        for (const { id } of await take(world, client, 'dead', rejected.size)) drained.add(id)
        expect(drained).toEqual(rejected)
      }),
      { numRuns: 25 },
    )
  })

  test('is dropped when its queue has no exchange for it any more', async () => {
    const { world, client } = await opened(1)
    const { definitions } = world.world.broker
    const definition = { 'dead-letter-exchange': 'missing' }
    const policy = {
      vhost: '/',
      name: 'p',
      pattern: '^by-policy$',
      applyTo: 'queues',
      priority: 0,
      definition,
    } as const
    definitions.put('policy', policy, { durable: true })
    declare(client, 'by-policy', { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' })
    publish(client, 'by-policy', 'm')
    const [taken] = await take(world, client, 'by-policy', 1)
    client.send(1, 'basic.reject', { deliveryTag: taken!.deliveryTag, requeue: false })
    await world.settle()
    const queue = world.queue('by-policy')
    expect([queue.dead.count, queue.messagesReady]).toEqual([1, 0])
    definitions.remove('policy', ['/', 'p'])
    await world.settle()
    expect([queue.dead.count, queue.messagesReady]).toEqual([0, 0])
  })

  test('is not held up for ever by many that nobody takes', async () => {
    const { world, client } = await opened(1)
    declare(client, 'mixed', { ...waiting, 'x-dead-letter-exchange': 'amq.direct', 'x-message-ttl': 1 })
    const bind = { noWait: true, arguments: {} }
    client.send(1, 'queue.bind', { queue: 'mixed', exchange: 'amq.topic', routingKey: '#', ...bind })
    for (let i = 0; i < 40; i++) client.publish(1, { exchange: 'amq.topic', routingKey: 'nobody' })
    client.publish(1, { exchange: 'amq.topic', routingKey: 'somebody' })
    await world.settle()
    world.world.clock.advance(1)
    client.send(1, 'queue.bind', { queue: 'dead', exchange: 'amq.direct', routingKey: 'somebody', ...bind })
    await world.settle()
    expect(world.queue('mixed').dead.count).toBe(41)
    world.world.clock.advance(30_000)
    await world.settle()
    expect([world.queue('mixed').dead.count, world.queue('dead').messagesReady]).toEqual([40, 1])
  })
})
