/** What the simulation found, as scripts: each was a seed that failed. */
import { expect, test } from 'vitest'
import { BrokerWorld } from '../support/broker-world.ts'
import type { TestClient } from '../support/test-client.ts'

const DECLARE = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: false } as const

function declare(client: TestClient, queue: string, args = {}): void {
  client.send(1, 'queue.declare', { ...DECLARE, queue, arguments: args })
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
