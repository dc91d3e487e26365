/** Dead letters of messages that a publisher made up. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldTable } from '../../test/arbitraries.ts'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import { CrashingWorld } from '../../test/support/crashing-world.ts'
import type { Heard, TestClient } from '../../test/support/test-client.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'

const RING = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }

/** A broker with a queue `q` whose dead letters go to `dead`. */
async function opened(): Promise<{ world: BrokerWorld; client: TestClient }> {
  const world = new BrokerWorld()
  const client = await world.client()
  const flags = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false }
  client.send(1, 'queue.declare', { queue: 'dead', ...flags, arguments: {} })
  client.send(1, 'queue.declare', { queue: 'q', ...flags, arguments: RING })
  client.send(1, 'basic.consume', { ...tagged('q', 'c'), arguments: {} })
  client.send(1, 'basic.consume', { ...tagged('dead', 'd'), arguments: {} })
  await world.settle()
  client.take()
  return { world, client }
}

const tagged = (queue: string, consumerTag: string) => ({
  queue,
  consumerTag,
  noLocal: false,
  noAck: false,
  exclusive: false,
  noWait: false,
})

/** Publishes to `q`, rejects what comes, and answers the headers of the dead letter. */
async function headersOfDead(headers: FieldTable): Promise<FieldTable> {
  const { world, client } = await opened()
  client.publish(1, { routingKey: 'q', properties: { headers } })
  client.send(1, 'basic.reject', { deliveryTag: 1, requeue: false })
  await world.settle()
  const deliveries = client.take().filter(isDelivery)
  return deliveries.at(-1)!.content!.properties.headers!
}

const isDelivery = (heard: Heard): heard is Heard & { kind: 'method' } =>
  heard.kind === 'method' && heard.method.name === 'basic.deliver'

const death = { reason: 'rejected', queue: 'q', exchange: 'earlier' }

describe('x-death', () => {
  test.each<[string, FieldValue, FieldValue[]]>([
    ['a number is counted up', [{ ...death, count: 41 }], [{ ...death, count: 42 }]],
    ['a large number too', [{ ...death, count: 2 ** 40 }], [{ ...death, count: 2 ** 40 + 1 }]],
    ['a count that is none begins anew', [{ ...death, count: 'many' }], [{ ...death, count: 1 }]],
    ['nor is a table one', [{ ...death, count: { value: 'x' } }], [{ ...death, count: 1 }]],
    ['nor is a missing one', [death], [{ ...death, count: 1 }]],
    [
      'the newest goes first',
      [
        { reason: 'expired', queue: 'a' },
        { ...death, count: 1 },
      ],
      [
        { ...death, count: 2 },
        { reason: 'expired', queue: 'a' },
      ],
    ],
    [
      'what is no death stays behind',
      [null, 'x', [1], { ...death, count: 1 }],
      [{ ...death, count: 2 }, null, 'x', [1]],
    ],
  ])('%s', async (_claim, sent, expected) => {
    expect((await headersOfDead({ 'x-death': sent }))['x-death']).toEqual(expected)
  })

  test('of another queue or reason is another death', async () => {
    const others = [
      { ...death, queue: 'other', count: 5 },
      { ...death, reason: 'maxlen', count: 5 },
    ]
    const deaths = (await headersOfDead({ 'x-death': others }))['x-death'] as FieldTable[]
    expect(deaths).toHaveLength(3)
    expect(deaths[0]).toMatchObject({ count: 1, reason: 'rejected', queue: 'q', 'routing-keys': ['q'] })
    expect(deaths.slice(1)).toEqual(others)
  })

  test('the first death is told once', async () => {
    const first = { 'x-first-death-reason': 'expired', 'x-first-death-queue': 'a', 'x-first-death-exchange': 'b' }
    expect(await headersOfDead({ ...first, 'x-death': [] })).toMatchObject(first)
    expect(await headersOfDead(first)).toMatchObject({ 'x-first-death-reason': 'rejected', 'x-first-death-queue': 'q' })
  })

  test('whatever a publisher sends, a dead letter keeps its other headers', async () => {
    const { world, client } = await opened()
    let tag = 0
    await fc.assert(
      fc.asyncProperty(fieldTable, fc.array(fieldTable, { maxLength: 3 }), async (headers, deaths) => {
        const own = Object.fromEntries(
          Object.entries(headers).filter(([key]) => !/^(x-death|x-first|CC|BCC)/.test(key)),
        )
        const sent = { ...own, 'x-death': deaths }
        client.publish(1, { routingKey: 'q', properties: { headers: sent } })
        client.send(1, 'basic.reject', { deliveryTag: tag + 1, requeue: false })
        await world.settle()
        const dead = client.take().filter(isDelivery).at(-1)!
        tag += 2
        expect(dead.content!.properties.headers).toMatchObject(own)
        client.send(1, 'basic.ack', { deliveryTag: tag, multiple: false })
      }),
      { numRuns: 60 },
    )
  })
})

test('a cycle goes on after odd entries only if one of them is a rejection', async () => {
  const { world, client } = await opened()
  const flags = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false }
  const toItself = { 'x-message-ttl': 1, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'loop' }
  client.send(1, 'queue.declare', { queue: 'loop', ...flags, arguments: toItself })
  const queue = () => world.broker.vhosts.get('/')!.queues.get('loop')!
  client.publish(1, { routingKey: 'loop', properties: { headers: { 'x-death': [null, { reason: 'x' }] } } })
  await world.advance(1)
  expect(queue().messagesReady).toBe(0)
})

describe('a power failure', () => {
  const SMALL = { segmentBytes: 4_096, metaSegmentBytes: 16_384, residentBytesMax: 12_288, spareMax: 1 }
  const step = fc.record({ bytes: fc.nat(900), turns: fc.nat(4) })

  /** A queue of a single message; what it drops goes to queue `key`. */
  const short = (key: string) => ({
    'x-max-length': 1,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': key,
  })

  /** With these, messages 5 and 6 once came after 7 and 8. */
  const late = [0, 0, 432, 78, 44, 617, 276, 0, 0, 0, 0, 0].map((bytes, i) => {
    return { bytes, turns: [0, 3, 0, 4, 2, 4, 3, 0, 1, 2, 1, 0][i]! }
  })

  test('leaves each message in one queue and in order, though a dead letter makes its queue drop another one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(step, { minLength: 5, maxLength: 30 }), async (seed, steps) => {
        const opened = new CrashingWorld(SMALL, seed)
        const client = await opened.client()
        const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true }
        client.send(1, 'queue.declare', { queue: 'a', ...flags, arguments: short('b') })
        client.send(1, 'queue.declare', { queue: 'b', ...flags, arguments: short('c') })
        client.send(1, 'queue.declare', { queue: 'c', ...flags, arguments: {} })
        await opened.settle()
        for (const [i, { bytes, turns }] of steps.entries()) {
          const properties = { deliveryMode: 2, messageId: `${i}` }
          client.publish(1, { routingKey: 'a', properties, body: Buffer.alloc(bytes) })
          await opened.someTurns(turns)
        }
        await opened.crash()
        const ids: string[] = []
        const again = await opened.client()
        for (const queue of ['c', 'b', 'a']) {
          const count = opened.queue(queue).messagesReady
          for (let i = 0; i < count; i++) again.send(1, 'basic.get', { queue, noAck: true })
          await opened.settle()
          for (const heard of again.take()) if (heard.kind === 'method') ids.push(heard.content!.properties.messageId!)
        }
        expect(ids).toEqual(ids.map((_, i) => `${i}`))
      }),
      { numRuns: 60, examples: [[0, late]] },
    )
  })
})
