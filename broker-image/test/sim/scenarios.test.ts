/** What the simulation found, as scripts: each was a seed that failed. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../log/memory-disk.ts'
import { flush, openLog, publish } from '../log/owner.ts'
import { BrokerWorld } from '../support/broker-world.ts'
import type { TestClient } from '../support/test-client.ts'
import type { SimChannel } from './client.ts'
import { Draw } from './draw.ts'
import type { ModelQueue } from './model-queue.ts'
import { drawParameters } from './parameters.ts'
import { SimWorld } from './world.ts'

const DECLARE = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: false } as const

function declare(client: TestClient, queue: string, args = {}): void {
  client.send(1, 'queue.declare', { ...DECLARE, queue, arguments: args })
}

/** Declares a durable queue, and tells the model of it. */
function declareKnown(channel: SimChannel, queue: string): ModelQueue {
  const known = channel.model.declare(queue, true, {})
  channel.send('queue.declare', { ...DECLARE, queue, arguments: {} })
  channel.expect('queue.declare-ok', () => {
    known.isDeclared = true
  })
  return known
}

/** Disks by the names of their logs, on which nothing happens until it is told to. */
class Disks {
  readonly #disks = new Map<string, MemoryDisk>()

  of(name: string): MemoryDisk {
    const disk = this.#disks.get(name) ?? new MemoryDisk(seeded(1))
    this.#disks.set(name, disk)
    return disk
  }

  /** Lets the disks of these logs do what is asked of them, and all that follows. */
  async run(world: BrokerWorld, names: readonly string[]): Promise<void> {
    do {
      for (const name of names) this.of(name).run()
      await world.settle()
    } while (names.some(name => this.of(name).pending > 0))
  }

  /** The power fails, and another process starts. */
  crash(world: BrokerWorld): void {
    for (const [name, disk] of this.#disks) this.#disks.set(name, disk.crash())
    world.restart(name => this.of(name))
  }
}

/** Bodies of everything in a queue, taken with auto-ack. */
async function bodiesOf(world: BrokerWorld, client: TestClient, queue: string): Promise<string[]> {
  const bodies: string[] = []
  for (;;) {
    client.take()
    client.send(1, 'basic.get', { queue, noAck: true })
    await world.settle()
    const [heard] = client.take()
    if (heard?.kind !== 'method' || heard.content === undefined) return bodies
    bodies.push(heard.content.body.toString())
  }
}

test('a message for two queues is itself in both, though the first drops another to a dead-letter queue', async () => {
  const world = new BrokerWorld()
  const client = await world.client()
  const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
  declare(client, 'dead')
  declare(client, 'short', { 'x-max-length': 1, ...dead })
  declare(client, 'long')
  for (const queue of ['short', 'long']) {
    client.send(1, 'queue.bind', { queue, exchange: 'amq.fanout', routingKey: '', noWait: false, arguments: {} })
  }
  for (const body of ['one', 'two', 'three']) client.publish(1, { exchange: 'amq.fanout', body })
  await world.settle()
  expect(await bodiesOf(world, client, 'short')).toEqual(['three'])
  expect(await bodiesOf(world, client, 'long')).toEqual(['one', 'two', 'three'])
  expect(await bodiesOf(world, client, 'dead')).toEqual(['one', 'two'])
})

test('a backlog is read back though what waits for the disk fills all memory for segments', async () => {
  const logSizes = { segmentBytes: 4_096, metaSegmentBytes: 8_192, residentBytesMax: 4_096 }
  const world = new BrokerWorld({ logSizes })
  const client = await world.client()
  declare(client, 'backlog')
  const bodies = Array.from({ length: 40 }, (_, i) => `${i}`.padStart(500, '.'))
  for (const body of bodies) client.publish(1, { routingKey: 'backlog', body, properties: { deliveryMode: 2 } })
  await world.settle()
  client.take()
  const flags = { noLocal: false, noAck: true, exclusive: false, noWait: true, arguments: {} }
  client.send(1, 'basic.consume', { queue: 'backlog', consumerTag: 'c', ...flags })
  await world.settle()
  expect(client.take().map(heard => (heard.kind === 'method' ? `${heard.content?.body}` : heard.kind))).toEqual(bodies)
})

test('a queue that a crash undeclared leaves its messages to no other queue', async () => {
  const disks = new Disks()
  const world = new BrokerWorld({ disk: name => disks.of(name) })
  const publisher = await world.client()
  declare(publisher, 'queue')
  publisher.publish(1, { routingKey: 'queue', body: 'old', properties: { deliveryMode: 2 } })
  await disks.run(world, ['queues'])
  disks.crash(world)
  expect(world.broker.queuesById.size).toBe(0)
  const second = await world.client()
  declare(second, 'queue')
  second.publish(1, { routingKey: 'queue', body: 'new', properties: { deliveryMode: 2 } })
  await disks.run(world, ['meta', 'queues'])
  disks.crash(world)
  expect(await bodiesOf(world, await world.client(), 'queue')).toEqual(['new'])
})

test('an id that a crash took from its queue is not given out again after an orderly restart either', async () => {
  const disks = new Disks()
  const world = new BrokerWorld({ disk: name => disks.of(name) })
  const publisher = await world.client()
  declare(publisher, 'queue')
  publisher.publish(1, { routingKey: 'queue', body: 'old', properties: { deliveryMode: 2 } })
  await disks.run(world, ['queues'])
  disks.crash(world)
  let isClosed = false
  const closed = world.broker.close().then(() => {
    isClosed = true
  })
  while (!isClosed) await disks.run(world, ['meta', 'queues', 'transient'])
  await closed
  disks.crash(world)
  declare(await world.client(), 'queue')
  await world.settle()
  expect(world.broker.vhosts.get('/')!.queues.get('queue')!.id).toBeGreaterThan(1)
})

test('a policy holds for all queues before its limits let go of messages', async () => {
  const world = new BrokerWorld()
  const client = await world.client()
  declare(client, 'first')
  declare(client, 'second')
  for (const body of ['one', 'two', 'three']) client.publish(1, { routingKey: 'first', body })
  await world.settle()
  const dead = { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'second' }
  const definition = { ...dead, 'max-length': 1, 'message-ttl': 1_000 }
  const policy = { vhost: '/', name: 'limits', pattern: '.*', applyTo: 'queues', priority: 0, definition } as const
  world.broker.definitions.put('policy', policy, { durable: true })
  expect(world.broker.vhosts.get('/')!.queues.get('second')!.messagesReady).toBe(1)
  await world.advance(2_000)
  expect(await bodiesOf(world, client, 'second')).toEqual([])
})

test('nobody hears of a segment that is gone before it was read: the broker shut down meanwhile', () => {
  const disk = new MemoryDisk(seeded(1))
  const open = openLog(disk, { segmentBytes: 4_096 }, 4_096)
  for (let i = 0; i < 20; i++) {
    publish(open, [1], Buffer.alloc(1_000))
    flush(open, disk)
  }
  const [first] = open.queues.of(1).live.values()
  const heard: unknown[] = []
  open.segments.fetch(first!.segment, error => heard.push(error))
  open.segments.remove(open.segments.get(first!.segment))
  disk.run()
  expect(heard).toEqual([])
})

test('a message that waits for an answer before it is not overtaken by later delivery tags', async () => {
  const disks = new Disks()
  const world = new BrokerWorld({ disk: name => disks.of(name) })
  const client = await world.client()
  const other = await world.client()
  client.send(1, 'queue.declare', { ...DECLARE, durable: false, queue: 'got', arguments: {} })
  client.send(1, 'queue.declare', { ...DECLARE, durable: false, queue: 'consumed', arguments: {} })
  const flags = { noLocal: false, noAck: false, exclusive: false, noWait: true, arguments: {} }
  client.send(1, 'basic.consume', { queue: 'consumed', consumerTag: 'c', ...flags })
  other.publish(1, { routingKey: 'got', body: 'got' })
  await disks.run(world, ['meta', 'queues'])
  client.take()
  declare(client, 'slow')
  client.send(1, 'basic.get', { queue: 'got', noAck: false })
  other.publish(1, { routingKey: 'consumed', body: 'consumed' })
  await world.settle()
  await disks.run(world, ['meta', 'queues'])
  const heard = client.take().flatMap(each => (each.kind === 'method' && each.content !== undefined ? [each] : []))
  const tags = heard.map(({ method }) => (method.args as { deliveryTag: number }).deliveryTag)
  expect(heard.map(({ content }) => content?.body.toString())).toEqual(['consumed', 'got'])
  expect(tags).toEqual([1, 2])
})

test('a dead letter lives as long as its queue says when it comes, though an earlier one was short-lived', async () => {
  const world = new BrokerWorld()
  const client = await world.client()
  const to = (queue: string) => ({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue })
  declare(client, 'first', { 'x-message-ttl': 1_000, ...to('second') })
  declare(client, 'second', to('first'))
  const spec = { vhost: '/', name: 'short', pattern: 'second', applyTo: 'queues', priority: 0 } as const
  const definition = { 'message-ttl': 1_000 }
  world.broker.definitions.put('policy', { ...spec, definition }, { durable: true })
  for (const body of ['old', 'new']) {
    client.publish(1, { routingKey: 'first', body, properties: { deliveryMode: 2 } })
    await world.settle()
    await world.advance(1_000)
    world.broker.definitions.remove('policy', ['/', 'short'])
  }
  await world.advance(60_000)
  expect(await bodiesOf(world, client, 'second')).toEqual(['new'])
})

test('a limit whose drops a crash undid acts when the broker starts, and what is dropped then stays dropped', async () => {
  const disks = new Disks()
  const world = new BrokerWorld({ disk: name => disks.of(name) })
  const all = ['meta', 'queues', 'transient']
  const client = await world.client()
  declare(client, 'queue')
  for (const body of ['one', 'two', 'three']) {
    client.publish(1, { routingKey: 'queue', body, properties: { deliveryMode: 2 } })
  }
  await disks.run(world, all)
  const spec = { vhost: '/', name: 'short', pattern: '.*', applyTo: 'queues', priority: 0 } as const
  world.broker.definitions.put('policy', { ...spec, definition: { 'max-length': 1 } }, { durable: true })
  await disks.run(world, ['meta'])
  disks.crash(world)
  expect(world.broker.vhosts.get('/')!.queues.get('queue')!.messagesReady).toBe(1)
  world.broker.definitions.remove('policy', ['/', 'short'])
  await disks.run(world, all)
  disks.crash(world)
  expect(await bodiesOf(world, await world.client(), 'queue')).toEqual(['three'])
})

test('a message whose time is found to be over late goes where the policy of that moment says', async () => {
  const world = new SimWorld(new Draw(1), { ...drawParameters(1), segmentBytes: 4_096, residentSegments: 1 })
  const client = world.connect()
  const [first, second] = [client.openChannel(false), client.openChannel(false)]
  const [queue] = [declareKnown(first, 'queue'), declareKnown(first, 'dead')]
  const publish = (routingKey: string, size: number, ttlMs = Number.POSITIVE_INFINITY): void =>
    first.publish({ exchange: '', routingKey, mandatory: false, persistent: true, size, ttlMs })
  second.consume({ tag: 'held', queue, noAck: false, prefetch: 0, isAttached: false, isCancelled: false })
  await world.rest()
  publish('queue', 10, 1_000)
  for (let left = 20; left > 0; left--) {
    publish('dead', 1_000)
    await world.rest()
  }
  publish('queue', 10, 1_000)
  await world.rest()
  // The deadline of the first must be read from disk, that of the second is at hand.
  client.closeChannel(second, true)
  await world.hear(0)
  await world.advance(1_000)
  const definition = { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'dead' }
  await world.setPolicy({ pattern: 'queue', definition })
  await world.hear(40)
  publish('dead', 10)
  await world.advance(1)
  await world.rest()
  expect(world.node.broker.vhosts.get('/')!.queues.get('dead')!.messagesReady).toBe(22)
})
