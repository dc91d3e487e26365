/** Transactions against a list of what was published and settled, and their bounds. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { TestClient } from '../../test/support/test-client.ts'
import { TX_BYTES_MAX, TX_MESSAGES_MAX } from '../limits.ts'

const DECLARE = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: false, arguments: {} }

async function transactional(world: BrokerWorld): Promise<TestClient> {
  const client = await world.client()
  client.send(1, 'queue.declare', { ...DECLARE, queue: 'q' })
  client.send(1, 'tx.select', {})
  await world.settle()
  client.take()
  return client
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('publish'), deliveryMode: fc.constantFrom(1, 2) }),
  fc.record({ kind: fc.constantFrom('ack', 'requeue'), pick: fc.nat() }),
  fc.record({ kind: fc.constantFrom('commit', 'commit', 'rollback') }),
)

describe('a transaction', () => {
  test('changes nothing but by its commit, and then all that was asked for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
        const world = new BrokerWorld()
        const client = await transactional(world)
        const model = {
          ready: 0,
          unacked: [] as number[],
          published: 0,
          acked: [] as number[],
          returned: [] as number[],
        }
        let tag = 0
        for (const one of steps) {
          const free = model.unacked.filter(other => !model.acked.includes(other) && !model.returned.includes(other))
          if (one.kind === 'publish' && 'deliveryMode' in one) {
            client.publish(1, { routingKey: 'q', body: 'x', properties: { deliveryMode: one.deliveryMode } })
            model.published++
          } else if (one.kind === 'commit') {
            client.send(1, 'tx.commit', {})
            model.ready += model.published + model.returned.length
            model.unacked = free
          } else if (one.kind === 'rollback') client.send(1, 'tx.rollback', {})
          else if ('pick' in one && free.length > 0) {
            const deliveryTag = free[one.pick % free.length]!
            if (one.kind === 'ack') client.send(1, 'basic.ack', { deliveryTag, multiple: false })
            else client.send(1, 'basic.nack', { deliveryTag, multiple: false, requeue: true })
            model[one.kind === 'ack' ? 'acked' : 'returned'].push(deliveryTag)
          } else if (model.ready > 0) {
            client.send(1, 'basic.get', { queue: 'q', noAck: false })
            model.unacked.push(++tag)
            model.ready--
          }
          if (one.kind === 'commit' || one.kind === 'rollback')
            Object.assign(model, { published: 0, acked: [], returned: [] })
          await world.settle()
          const queue = world.broker.vhosts.get('/')!.queues.get('q')!
          expect([queue.messagesReady, queue.messagesUnacknowledged]).toEqual([model.ready, model.unacked.length])
        }
        const ends = steps.filter(({ kind }) => kind === 'commit' || kind === 'rollback')
        const answers = client.take().flatMap(heard => (heard.kind === 'method' ? [heard.method.name] : []))
        expect(answers.filter(name => name.startsWith('tx.'))).toEqual(ends.map(({ kind }) => `tx.${kind}-ok`))
      }),
      { numRuns: 40 },
    )
  })

  test('holds so many messages and bytes, and not one more', async () => {
    const world = new BrokerWorld()
    const client = await transactional(world)
    const transaction = [...world.broker.connections.values()][0]!.channels.get(1)!.transaction!
    const exchange = world.broker.vhosts.get('/')!.exchange('')
    const source = Buffer.from('\x00\x01q')
    const arrival = {
      source,
      start: 0,
      keyLength: 3,
      end: 3,
      size: 0,
      persistent: false,
      ttlMs: Number.POSITIVE_INFINITY,
    }
    const publish = (end: number): void =>
      transaction.publish({ ...arrival, end }, { exchange, queues: [], message: null }, false)
    for (let i = 0; i < TX_MESSAGES_MAX; i++) publish(3)
    expect(() => publish(3)).toThrow('transaction is larger than')
    client.send(1, 'tx.rollback', {})
    expect(() => publish(TX_BYTES_MAX + 1)).toThrow('transaction is larger than')
    publish(3)
    expect(transaction.messages).toBe(1)
  })
})
