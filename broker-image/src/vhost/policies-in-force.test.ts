/** Policies over the life of a broker. */
import { expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'

test('a policy for exchanges holds for those that come, and for all again after a restart', async () => {
  const world = new BrokerWorld()
  const definition = { 'alternate-exchange': 'amq.fanout' }
  const policy = { vhost: '/', name: 'p', pattern: '^e', applyTo: 'exchanges', priority: 0, definition } as const
  world.broker.definitions.put('policy', policy, { durable: true })
  const client = await world.client()
  const flags = { passive: false, durable: true, autoDelete: false, noWait: true, arguments: {} }
  client.send(1, 'exchange.declare', { exchange: 'e', type: 'direct', ...flags, internal: false })
  client.send(1, 'queue.declare', { queue: 'q', ...flags, exclusive: false })
  client.send(1, 'queue.bind', { queue: 'q', exchange: 'amq.fanout', routingKey: '', noWait: true, arguments: {} })
  const persistent = { exchange: 'e', routingKey: 'none', properties: { deliveryMode: 2 } } as const
  client.publish(1, persistent)
  await world.settle()
  world.restart()
  const another = await world.client()
  another.publish(1, persistent)
  await world.settle()
  expect(world.broker.vhosts.get('/')!.queue('q', null).messagesReady).toBe(2)
})
