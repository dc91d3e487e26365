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
