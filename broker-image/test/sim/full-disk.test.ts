/** Dead letters on a full disk, as scripts: each was a seed of the simulation that failed. */
import { expect, test } from 'vitest'
import type { SimChannel } from './client.ts'
import { Draw } from './draw.ts'
import type { ModelQueue } from './model-queue.ts'
import { drawParameters } from './parameters.ts'
import { SimWorld } from './world.ts'

const TTL_MS = 1_000
const TO_OUT = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'out' }

/** One with queues `in`, whose dead letters go to `out`, and `other`. */
async function newWorld(args: Record<string, string | number>): Promise<SimWorld> {
  const world = new SimWorld(new Draw(1), {
    ...drawParameters(1),
    segmentBytes: 4_096,
    residentSegments: 4,
    diskSteps: 0,
  })
  const channel = world.connect().openChannel(true)
  declare(channel, 'in', { ...args, ...TO_OUT })
  declare(channel, 'out', {})
  declare(channel, 'other', {})
  await world.rest()
  return world
}

/** Declares a durable queue, and tells the model of it. */
function declare(channel: SimChannel, queue: string, args: Record<string, string | number>): ModelQueue {
  const known = channel.model.declare(queue, true, args)
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: false }
  channel.send('queue.declare', { queue, ...flags, arguments: args })
  channel.expect('queue.declare-ok', () => {
    known.isDeclared = true
  })
  return known
}

/** On a connection of its own: a full disk holds back whoever published. Confirmed as far as the disk has room. */
async function publish(world: SimWorld, routingKey: string, size = 10): Promise<void> {
  const channel = world.connect().openChannel(true)
  await world.hear(0)
  const ttlMs = Number.POSITIVE_INFINITY
  channel.publish({ exchange: '', routingKey, mandatory: false, persistent: true, size, ttlMs })
  await world.hear(0)
  await world.rest()
}

/** A client takes a message from `in`, and refuses it. */
async function refuse(world: SimWorld): Promise<void> {
  const channel = world.connect().openChannel(false)
  channel.get(world.model.queues.get('in')!, false)
  await world.hear(0)
  for (const entry of channel.take([1])) world.model.discard(entry)
  channel.send('basic.nack', { deliveryTag: 1, multiple: false, requeue: false })
  await world.hear(0)
}

/** No file fits on the disk any more, and the log knows. */
async function fillDisk(world: SimWorld): Promise<void> {
  world.node.isFull = true
  while (!world.node.broker.alarms.any) await publish(world, 'other', 1_000)
}

/** Messages of the queue that are ready, and dead ones whose dead letters wait. */
function countsOf(world: SimWorld, name: string): [ready: number, dead: number] {
  const queue = world.node.broker.vhosts.get('/')!.queues.get(name)!
  return [queue.messagesReady, queue.dead.count]
}

/** Later publishes are confirmed, and the broker ends: what waited for room is found again. */
async function crash(world: SimWorld, how: 'power' | 'kill'): Promise<void> {
  await world.rest()
  await publish(world, 'other')
  await world.crash(how)
  // The log finds no room.
  await world.rest()
}

/** The disk has room: nothing waits any more. */
async function requireGone(world: SimWorld, count: number): Promise<void> {
  world.node.isFull = false
  await world.rest()
  const counts = ['in', 'out'].map(name => countsOf(world, name))
  expect(counts).toEqual([
    [0, 0],
    [count, 0],
  ])
}

test('what expired on a full disk is dead, and dead again after each crash (seeds 4170, 4272)', async () => {
  const world = await newWorld({ 'x-message-ttl': TTL_MS })
  await publish(world, 'in')
  await fillDisk(world)
  await world.advance(TTL_MS)
  expect(countsOf(world, 'in')).toEqual([0, 1])
  for (const how of ['kill', 'power'] as const) {
    await crash(world, how)
    await world.advance(1)
    expect(countsOf(world, 'in')).toEqual([0, 1])
  }
  await requireGone(world, 1)
})

test('what was too much for its queue on a full disk is dead, and dead again after each crash (seed 6066)', async () => {
  const world = await newWorld({ 'x-max-length': 1 })
  await publish(world, 'in')
  await fillDisk(world)
  await publish(world, 'in')
  expect(countsOf(world, 'in')).toEqual([1, 1])
  for (const how of ['kill', 'power'] as const) {
    await crash(world, how)
    expect(countsOf(world, 'in')[0]).toBe(1)
  }
  world.node.isFull = false
  await world.rest()
  expect([countsOf(world, 'in'), countsOf(world, 'out')]).toEqual([
    [1, 0],
    [1, 0],
  ])
})

test('what a client refused on a full disk is dead until a crash, and then delivered once more', async () => {
  const world = await newWorld({})
  await publish(world, 'in')
  await fillDisk(world)
  await refuse(world)
  expect(countsOf(world, 'in')).toEqual([0, 1])
  await crash(world, 'power')
  expect(countsOf(world, 'in')).toEqual([1, 0])
  await refuse(world)
  expect(countsOf(world, 'in')).toEqual([0, 1])
  await requireGone(world, 1)
})

test('no policy is set while dead letters wait for room: the model knows where those go (seed 6096)', async () => {
  const world = await newWorld({ 'x-message-ttl': TTL_MS })
  await publish(world, 'in')
  await fillDisk(world)
  await world.advance(TTL_MS)
  await world.setPolicy({ pattern: 'out', definition: { 'message-ttl': TTL_MS } })
  await requireGone(world, 1)
  await world.advance(TTL_MS)
  expect(countsOf(world, 'out')).toEqual([1, 0])
})
