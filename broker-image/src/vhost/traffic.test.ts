/** Whoever publishes, a publish is one. */
import { describe, expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { TestClient } from '../../test/support/test-client.ts'
import { publishOverHttp } from '../management/publish.ts'
import type { Queue } from '../queue/queue.ts'
import type { Trace } from './trace.ts'
import type { Vhost } from './vhost.ts'

/** One for clients, one for the broker alone. */
const EXCHANGES = ['amq.topic', 'amq.rabbitmq.log']
const KEY = 'info'
const NO_FLAGS = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false, arguments: {} }

interface Scene {
  readonly world: BrokerWorld
  readonly client: TestClient
  readonly vhost: Vhost
}

/** Two queues that get everything. */
async function opened(): Promise<Scene> {
  const world = new BrokerWorld({ conf: 'log.exchange = true' })
  const client = await world.client()
  for (const queue of ['one', 'two']) {
    client.send(1, 'queue.declare', { queue, ...NO_FLAGS })
    for (const exchange of EXCHANGES) {
      client.send(1, 'queue.bind', { queue, exchange, routingKey: '#', noWait: false, arguments: {} })
    }
  }
  await world.settle()
  return { world, client, vhost: world.broker.vhosts.get('/')! }
}

type Publish = (scene: Scene) => unknown

const WAYS: readonly [string, Publish][] = [
  ['a channel', ({ client }) => client.publish(1, { exchange: 'amq.topic', routingKey: KEY })],
  [
    'a channel, with headers',
    ({ client }) => client.publish(1, { exchange: 'amq.topic', properties: { headers: { CC: [] } } }),
  ],
  [
    'a transaction',
    ({ client }) => {
      client.send(1, 'tx.select', {})
      client.publish(1, { exchange: 'amq.topic', routingKey: KEY })
      client.send(1, 'tx.commit', {})
    },
  ],
  [
    'HTTP',
    ({ world, vhost }) => {
      const to = {
        user: world.broker.definitions.get('user', ['guest'])!,
        vhost,
        exchange: vhost.exchange('amq.topic'),
      }
      const json = { routing_key: KEY, properties: {}, payload: '', payload_encoding: 'string' }
      return publishOverHttp(world.broker, to, json)
    },
  ],
  ['the broker', ({ world }) => world.broker.reports.logged('info', 'line')],
]

describe.each(WAYS)('a publish of %s', (who, publish) => {
  test('is counted once, and each queue of its route has it once', async () => {
    const scene = await opened()
    const { world, vhost } = scene
    const count = () => EXCHANGES.reduce((sum, name) => sum + vhost.exchange(name).publishedIn, 0)
    const before = count()
    await publish(scene)
    await world.settle()
    expect(count()).toBe(before + 1)
    expect([...vhost.queues.values()].map(({ messagesReady }) => messagesReady)).toEqual([1, 1])
  })

  test('is traced with the queues that it goes to, but for what the broker says itself', async () => {
    const scene = await opened()
    const heard: string[][] = []
    const trace: Trace = {
      published: (_wire, queues: readonly Queue[]) => heard.push(queues.map(({ name }) => name).toSorted()),
      delivered: () => {},
    }
    scene.vhost.traffic.trace = trace
    await publish(scene)
    await scene.world.settle()
    expect(heard).toEqual(who === 'the broker' ? [] : [['one', 'two']])
  })
})
