/** What a program with rabbitmq-client does: publishers, consumers and calls that outlive a connection. */
import { type AsyncMessage, Connection, ConsumerStatus, type ReturnedMessage } from 'rabbitmq-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CAN_KILL, untilExpired, useBroker } from './restartable-broker.ts'

const MESSAGES = 1000
const KILL = { timeout: 60_000 }

const broker = useBroker()
let connection: Connection
let queue: string

beforeEach(async ({ task }) => {
  connection = new Connection({ url: broker.amqpUrl, retryLow: 20, retryHigh: 100 })
  connection.on('error', () => {})
  await connection.onConnect()
  queue = `rabbitmq-client ${task.name}`
  await connection.queueDelete(queue)
})

// Its `close` waits for a broker that may be gone for good after a failed test.
afterEach(() => connection.unsafeDestroy())

const confirming = (maxAttempts = 1) =>
  connection.createPublisher({ confirm: true, maxAttempts, queues: [{ queue, durable: true }] })

test('what is published with confirms is consumed once, by no more handlers at a time than the prefetch', async () => {
  const publisher = confirming()
  const bodies = Array.from({ length: MESSAGES }, (_, i) => i)
  await Promise.all(bodies.map(body => publisher.send({ routingKey: queue, durable: true }, body)))
  const arrived: number[] = []
  let running = 0
  let most = 0
  const settings = { queue, queueOptions: { durable: true }, qos: { prefetchCount: 10 } }
  const consumer = connection.createConsumer(settings, async ({ body }) => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    arrived.push(body)
  })
  await expect.poll(() => arrived.length, { timeout: 20_000 }).toBe(MESSAGES)
  await consumer.close()
  expect(arrived.toSorted((a, b) => a - b)).toEqual(bodies)
  expect(most).toBe(10)
  expect((await connection.queueDeclare({ queue, passive: true })).messageCount).toBe(0)
})

test('a handler that asks for it again gets it again, and what it drops is dead-lettered', async () => {
  const dead = `${queue} dead`
  await connection.queueDeclare({ queue: dead, exclusive: true })
  const letters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead }
  const seen: boolean[] = []
  const consumer = connection.createConsumer({ queue, queueOptions: { arguments: letters } }, ({ redelivered }) => {
    seen.push(redelivered)
    return redelivered ? ConsumerStatus.DROP : ConsumerStatus.REQUEUE
  })
  await new Promise<void>(resolve => consumer.on('ready', resolve))
  await connection.createPublisher({ confirm: true }).send(queue, 'a')
  await expect.poll(() => connection.basicGet({ queue: dead, noAck: true })).toMatchObject({ body: 'a' })
  expect(seen).toEqual([false, true])
  await consumer.close()
})

test('a hundred calls at once get each its own answer by direct reply-to', async () => {
  const server = connection.createConsumer({ queue, qos: { prefetchCount: 20 } }, async ({ body }, reply) => {
    await reply(body * 2)
  })
  await new Promise<void>(resolve => server.on('ready', resolve))
  const client = connection.createRPCClient({ confirm: true })
  const calls = Array.from({ length: 100 }, (_, i) => i)
  const answers: AsyncMessage[] = await Promise.all(calls.map(call => client.send(queue, call)))
  expect(answers.map(({ body }) => body)).toEqual(calls.map(call => call * 2))
  await client.close()
  await server.close()
})

test('a message of many frames arrives whole', async () => {
  const body = Buffer.alloc(8_000_000, 'many frames ')
  await confirming().send({ routingKey: queue, durable: true }, body)
  const message = await connection.basicGet({ queue, noAck: true })
  expect(body.equals(message!.body)).toBe(true)
})

test('an unroutable message comes back and is confirmed', async () => {
  const publisher = connection.createPublisher({ confirm: true })
  const returned = new Promise<ReturnedMessage>(resolve => publisher.on('basic.return', resolve))
  await publisher.send({ routingKey: 'nowhere', mandatory: true }, 'a')
  expect(await returned).toMatchObject({ replyCode: 312, routingKey: 'nowhere', body: 'a' })
})

test('a full queue that rejects fails the publish', async () => {
  await connection.queueDeclare({ queue, arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } })
  const publisher = connection.createPublisher({ confirm: true })
  await publisher.send(queue, 'a')
  await expect(publisher.send(queue, 'b')).rejects.toMatchObject({ code: 'NACK' })
})

test('an unused queue expires', async () => {
  await connection.queueDeclare({ queue, arguments: { 'x-expires': 100 } })
  await untilExpired(broker, queue)
})

test('a transaction is seen whole or not at all', async () => {
  await connection.queueDeclare({ queue })
  const channel = await connection.acquire()
  await channel.txSelect()
  for (const body of ['a', 'b']) await channel.basicPublish(queue, body)
  await channel.txRollback()
  await channel.basicPublish(queue, 'c')
  await channel.txCommit()
  expect((await connection.queueDeclare({ queue, passive: true })).messageCount).toBe(1)
  await channel.close()
})

test.skipIf(!CAN_KILL)(
  'publishers and consumers go on after kill -9, and nothing confirmed is lost',
  KILL,
  async () => {
    const publisher = confirming(1000)
    const arrived = new Set<number>()
    const consumer = connection.createConsumer(
      { queue, queueOptions: { durable: true }, qos: { prefetchCount: 50 } },
      ({ body }) => {
        arrived.add(body)
      },
    )
    consumer.on('error', () => {})
    const confirmed: number[] = []
    const publishSome = async (from: number) => {
      for (let body = from; body < from + MESSAGES; body++) {
        await publisher.send({ routingKey: queue, durable: true }, body)
        confirmed.push(body)
      }
    }
    const publishing = publishSome(0)
    await expect.poll(() => confirmed.length).toBeGreaterThan(MESSAGES / 10)
    await broker.killAndRestart()
    await publishing
    await publishSome(MESSAGES)
    await expect.poll(() => confirmed.filter(body => !arrived.has(body)), { timeout: 20_000 }).toEqual([])
    await consumer.close()
  },
)
