/** Deliveries that nobody settles, at any time and under any timeout. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { TestClient } from '../../test/support/test-client.ts'

const DECLARE = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false, arguments: {} }
const STEP_MS_MAX = 60_000

const closes = (client: TestClient): string[] =>
  client.take().flatMap(heard => (heard.kind === 'method' && heard.method.name === 'channel.close' ? ['close'] : []))

async function getsOne(client: TestClient, world: BrokerWorld): Promise<void> {
  client.publish(1, { routingKey: 'q', body: 'x' })
  client.send(1, 'basic.get', { queue: 'q', noAck: false })
  await world.settle()
}

describe('the consumer timeout', () => {
  test('is never early and little late, for a channel that goes on all the time', async () => {
    const timeouts = fc.integer({ min: 10, max: 7_200_000 })
    await fc.assert(
      fc.asyncProperty(
        timeouts,
        fc.integer({ min: 0, max: 200_000 }),
        fc.boolean(),
        async (timeoutMs, waitMs, isBusy) => {
          const world = new BrokerWorld({ conf: `consumer_timeout = ${timeoutMs}` })
          const client = await world.client({ heartbeat: 0 })
          client.send(1, 'queue.declare', { ...DECLARE, queue: 'q' })
          await world.advance(waitMs)
          await getsOne(client, world)
          const deliveries = isBusy ? 5 : 0
          for (let tag = 2; tag < 2 + deliveries; tag++) {
            await world.advance(Math.floor(timeoutMs / deliveries) - 1)
            await getsOne(client, world)
            client.send(1, 'basic.ack', { deliveryTag: tag, multiple: false })
          }
          await world.advance(timeoutMs - deliveries * (Math.floor(timeoutMs / Math.max(deliveries, 1)) - 1))
          expect(closes(client)).toEqual([])
          const stepMs = Math.min(Math.ceil(timeoutMs / 10), STEP_MS_MAX)
          await world.advance(2 * stepMs + 1)
          expect(closes(client)).toEqual(['close'])
          expect(world.broker.vhosts.get('/')!.queues.get('q')!.messagesReady).toBe(1)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('leaves no timer behind when the broker closes', async () => {
    const world = new BrokerWorld()
    const before = world.clock.pending
    expect(before).toBeGreaterThan(0)
    await world.broker.close()
    expect(world.clock.pending).toBe(before - 1)
  })
})
