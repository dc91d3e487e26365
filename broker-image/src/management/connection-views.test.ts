/** What the views of a channel say of its transaction; amqplib has no method for one. */
import { expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import { channelView } from './connection-views.ts'

test('a channel shows what its transaction holds, until the commit', async () => {
  const world = new BrokerWorld()
  const client = await world.client()
  const shown = async () => {
    await world.settle()
    const [connection] = world.broker.connections.values()
    const channel = connection!.channels.get(1)!
    const view = channelView({ broker: world.broker }, { connection: connection!, channel })
    const { transactional, messages_unacknowledged, messages_uncommitted, acks_uncommitted } = view
    return { transactional, messages_unacknowledged, messages_uncommitted, acks_uncommitted }
  }
  const flags = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false }
  client.send(1, 'queue.declare', { ...flags, queue: 'q', arguments: {} })
  for (const body of ['1', '2']) client.publish(1, { routingKey: 'q', body })
  for (const _ of [1, 2]) client.send(1, 'basic.get', { queue: 'q', noAck: false })
  const before = { messages_unacknowledged: 2, messages_uncommitted: 0, acks_uncommitted: 0 }
  expect(await shown()).toEqual({ transactional: false, ...before })
  client.send(1, 'tx.select', {})
  client.publish(1, { routingKey: 'q', body: '3' })
  client.send(1, 'basic.ack', { deliveryTag: 1, multiple: false })
  const held = { messages_unacknowledged: 1, messages_uncommitted: 1, acks_uncommitted: 1 }
  expect(await shown()).toEqual({ transactional: true, ...held })
  client.send(1, 'tx.commit', {})
  expect(await shown()).toEqual({ transactional: true, ...before, messages_unacknowledged: 1 })
})
