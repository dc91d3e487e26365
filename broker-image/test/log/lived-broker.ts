/** A broker that has lived for a while: definitions and messages in several segments of both its logs. */
import { Engine, type NodeSizes } from './engines.ts'

/** Logs of which something must be there again after a start. */
export const LOGS = ['meta', 'queues'] as const
const DECLARED = 30
const QUEUES = 10
const PUBLISHED = 60
/** Of each message; all of its bytes are equal. */
export const BODY_BYTES = 700
/** Far away. */
export const EXPIRATION = '100000000'

/** Every third message is taken, and every second of those is acknowledged. */
export async function livedBroker(sizes: NodeSizes): Promise<Engine> {
  const engine = new Engine(sizes)
  const client = await engine.world.client()
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true }
  const kind = { type: 'topic', passive: false, durable: true, autoDelete: false, internal: false, noWait: true }
  for (let nth = 0; nth < DECLARED; nth++) {
    const queue = `queue ${nth % QUEUES}`
    client.send(1, 'queue.declare', { queue, ...flags, arguments: { 'x-max-length': 1_000 } })
    client.send(1, 'exchange.declare', { exchange: 'some', ...kind, arguments: {} })
    client.send(1, 'queue.bind', { queue, exchange: 'some', routingKey: `key.${nth}`, noWait: true, arguments: {} })
    await engine.world.settle()
  }
  for (let nth = 0; nth < PUBLISHED; nth++) {
    const properties = { deliveryMode: 2, expiration: EXPIRATION }
    const body = Buffer.alloc(BODY_BYTES, nth)
    client.publish(1, { exchange: 'some', routingKey: `key.${nth % DECLARED}`, properties, body })
    if (nth % 3 === 0) client.send(1, 'basic.get', { queue: `queue ${nth % QUEUES}`, noAck: nth % 2 === 0 })
    await engine.world.settle()
  }
  return engine
}
