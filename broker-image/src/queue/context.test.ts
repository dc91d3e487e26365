/** Messages that can't be read back from disk: tried again, told of, and no concern of other queues. */
import { beforeEach, describe, expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { TestClient } from '../../test/support/test-client.ts'
import type { Broker } from '../broker.ts'
import { READ_ATTEMPTS_MAX, READ_RETRY_MS_MAX, READ_RETRY_MS_MIN } from '../limits.ts'
import { queueView } from '../management/queue-views.ts'
import { Rates } from '../management/rates.ts'
import type { Queue } from './queue.ts'

const SEGMENT_BYTES = 16_384
const SIZES = { segmentBytes: SEGMENT_BYTES, metaSegmentBytes: SEGMENT_BYTES, residentBytesMax: 3 * SEGMENT_BYTES }
const MESSAGES = 100
const FLAGS = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true, arguments: {} }

let world: BrokerWorld
let disk: MemoryDisk
let client: TestClient

/** A queue of which only the end is in memory, behind a disk that can't be read. */
beforeEach(async () => {
  const disks: MemoryDisk[] = []
  const opened = (name: string): MemoryDisk => {
    const made = new MemoryDisk(seeded(1))
    disks.push(made)
    if (name === 'queues') disk = made
    return made
  }
  const eachTurn = (): boolean => {
    const busy = disks.filter(each => each.pending > 0)
    for (const each of busy) each.run()
    return busy.length > 0
  }
  world = new BrokerWorld({ disk: opened, eachTurn, logSizes: SIZES })
  client = await world.client()
  for (const queue of ['far', 'near']) client.send(1, 'queue.declare', { queue, ...FLAGS })
  for (let i = 0; i < MESSAGES; i++) {
    publish('far', String(i))
    if (i % 10 === 0) await world.settle()
  }
  await world.settle()
  disk.refuses = what => what.startsWith('read segment-')
})

function publish(routingKey: string, messageId: string): void {
  client.publish(1, { routingKey, properties: { deliveryMode: 2, messageId }, body: Buffer.alloc(1_000) })
}

function consume(queue: string): void {
  const consume = { queue, consumerTag: queue, noLocal: false, noAck: true, exclusive: false, noWait: true }
  client.send(1, 'basic.consume', { ...consume, arguments: {} })
}

function delivered(): string[] {
  return client.take().flatMap(heard => (heard.kind === 'method' ? [heard.content?.properties.messageId ?? ''] : []))
}

function queue(name: string): Queue {
  return world.broker.vhosts.get('/')!.queue(name, null)
}

function view(broker: Broker, name: string) {
  const { clock } = world
  return queueView({ broker, clock, rates: new Rates(clock), trends: new Rates(clock) }, queue(name))
}

const ALL = Array.from({ length: MESSAGES }, (_, i) => String(i))

describe('a segment that cannot be read', () => {
  test('is tried again, and then its queue goes on where it was', async () => {
    consume('far')
    await world.advance(READ_RETRY_MS_MAX)
    expect(delivered()).toEqual([])
    disk.refuses = () => false
    await world.advance(READ_RETRY_MS_MAX)
    expect(delivered()).toEqual(ALL)
    expect(world.broker.segments.count).toBeLessThan(5)
  })

  test('is tried a bounded number of times', async () => {
    consume('far')
    await world.settle()
    const before = disk.calls
    for (let minute = 0; minute < 60; minute++) await world.advance(60_000)
    expect((disk.calls - before) / 2).toBeLessThan(60 * (60_000 / READ_RETRY_MS_MAX) + 10)
  })

  test('does not hold up other queues', async () => {
    consume('far')
    consume('near')
    publish('near', 'here')
    await world.settle()
    expect(delivered()).toEqual(['here'])
  })

  test('shows in the management API with its file, until it is read', async () => {
    expect(view(world.broker, 'far')).toMatchObject({ state: 'running' })
    consume('far')
    await world.settle()
    expect(view(world.broker, 'far')).toMatchObject({ state: 'crashed', messages_ready: MESSAGES })
    expect(view(world.broker, 'far').unreadable).toMatch(/segment-0/)
    expect(view(world.broker, 'near')).toMatchObject({ state: 'running' })
    disk.refuses = () => false
    await world.advance(READ_RETRY_MS_MIN)
    expect(view(world.broker, 'far')).not.toHaveProperty('unreadable')
  })

  test('makes a get wait for a few attempts, and then find nothing', async () => {
    client.send(1, 'basic.get', { queue: 'far', noAck: true })
    await world.settle()
    expect(client.take()).toEqual([])
    for (let i = 0; i < READ_ATTEMPTS_MAX; i++) await world.advance(READ_RETRY_MS_MIN * 2 ** i)
    expect(client.take()).toMatchObject([{ method: { name: 'basic.get-empty' } }])
    expect(queue('far').messagesReady).toBe(MESSAGES)
  })

  test('lets go when its queue is purged or deleted meanwhile', async () => {
    consume('far')
    await world.settle()
    client.send(1, 'queue.purge', { queue: 'far', noWait: true })
    await world.settle()
    await world.advance(READ_RETRY_MS_MIN)
    expect(world.broker.segments.count).toBeLessThan(5)
    publish('far', 'later')
    disk.refuses = () => false
    await world.advance(READ_RETRY_MS_MAX)
    expect(delivered()).toEqual(['later'])
  })

  test('is forgotten by a broker that closes', async () => {
    consume('far')
    await world.settle()
    const closing = world.broker.close()
    await world.settle()
    await closing
    await world.advance(READ_RETRY_MS_MAX)
  })
})
