/** What a program with @cloudamqp/amqp-client does: sessions that outlive a connection, and channels by hand. */
import { AMQPClient, type AMQPMessage, AMQPSession } from '@cloudamqp/amqp-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CAN_KILL, untilExpired, useBroker } from './restartable-broker.ts'

const MESSAGES = 1000
const KILL = { timeout: 60_000 }

const broker = useBroker()
let session: AMQPSession
let returned: AMQPMessage[]
let queue: string

beforeEach(async ({ task }) => {
  returned = []
  session = await AMQPSession.connect(broker.amqpUrl, {
    logger: null,
    reconnectInterval: 20,
    maxReconnectInterval: 100,
    onreturn: message => returned.push(message),
  })
  queue = `amqp-client ${task.name}`
  await (await session.queue(queue)).delete()
})

afterEach(() => session.stop().catch(() => {}))

const number = (message: AMQPMessage) => Number(message.bodyString())

test('what is published with confirms is consumed once, by no more handlers at a time than the prefetch', async () => {
  const declared = await session.queue(queue, { durable: true })
  const bodies = Array.from({ length: MESSAGES }, (_, i) => i)
  await Promise.all(bodies.map(body => declared.publish(`${body}`, { deliveryMode: 2 })))
  const arrived: number[] = []
  let running = 0
  let most = 0
  const subscription = await declared.subscribe({ prefetch: 10 }, async message => {
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
    arrived.push(number(message))
  })
  await expect.poll(() => arrived.length, { timeout: 20_000 }).toBe(MESSAGES)
  await subscription.cancel()
  expect(arrived.toSorted((a, b) => a - b)).toEqual(bodies)
  expect(most).toBe(10)
  expect(await declared.purge()).toEqual({ messageCount: 0 })
})

test('a handler that fails gets the message again', async () => {
  const declared = await session.queue(queue)
  const seen: boolean[] = []
  await declared.subscribe(({ redelivered }) => {
    seen.push(redelivered)
    if (!redelivered) throw new Error('once')
  })
  await declared.publish('a')
  await expect.poll(() => seen).toEqual([false, true])
})

test('a hundred calls at once get each its own answer by direct reply-to', async () => {
  await session.rpcServer(queue, message => `${number(message) * 2}`, 20)
  const client = await session.rpcClient()
  const calls = Array.from({ length: 100 }, (_, i) => i)
  const answers = await Promise.all(calls.map(call => client.call(queue, `${call}`, { timeout: 10_000 })))
  expect(answers.map(number)).toEqual(calls.map(call => call * 2))
})

test('a message of many frames arrives whole', async () => {
  const body = Buffer.alloc(8_000_000, 'many frames ')
  const declared = await session.queue(queue, { durable: true })
  await declared.publish(body, { deliveryMode: 2 })
  const message = await declared.get({ noAck: true })
  expect(body.equals(message!.body!)).toBe(true)
})

test('headers of every kind arrive as they were sent', async () => {
  const headers = { text: 'a', int: 5, big: 2 ** 40, float: 1.5, yes: true, none: null, list: [1, 'x'], in: { a: 'b' } }
  const declared = await session.queue(queue)
  await declared.publish('a', { headers, type: 't', priority: 3, messageId: 'm' })
  const message = await declared.get({ noAck: true })
  expect(message!.properties).toMatchObject({ headers, type: 't', priority: 3, messageId: 'm' })
})

test('an unroutable message comes back and is confirmed', async () => {
  await (await session.topicExchange()).publish('a', { routingKey: 'nowhere', mandatory: true })
  await expect.poll(() => returned.map(message => [message.replyCode, message.bodyString()])).toEqual([[312, 'a']])
})

test('a full queue that rejects fails the publish', async () => {
  const declared = await session.queue(queue, { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } })
  await declared.publish('a')
  await expect(declared.publish('b')).rejects.toThrow()
})

test('an unused queue expires', async () => {
  await session.queue(queue, { arguments: { 'x-expires': 100 } })
  await untilExpired(broker, queue)
})

test('channels by hand: a transaction, bindings between exchanges, a new secret, messages in a loop', async () => {
  const client = new AMQPClient(broker.amqpUrl, undefined, null)
  const connection = await client.connect()
  await connection.updateSecret('guest', 'it is time')
  const channel = await connection.channel()
  await channel.queueDeclare(queue, { exclusive: true })
  await channel.exchangeDeclare(queue, 'fanout', { autoDelete: true })
  await channel.queueBind(queue, queue, '')
  await channel.exchangeBind(queue, 'amq.topic', 'a.#')
  await channel.txSelect()
  await channel.basicPublish('amq.topic', 'a.b', 'lost')
  await channel.txRollback()
  for (const body of ['1', '2']) await channel.basicPublish('amq.topic', 'a.b', body)
  await channel.txCommit()
  const consumer = await channel.basicConsume(queue, { noAck: true })
  const bodies: (string | null)[] = []
  for await (const message of consumer.messages) if (bodies.push(message.bodyString()) === 2) break
  expect(bodies).toEqual(['1', '2'])
  await connection.close()
})

test.skipIf(!CAN_KILL)(
  'publishers and consumers go on after kill -9, and nothing confirmed is lost',
  KILL,
  async () => {
    const declared = await session.queue(queue, { durable: true })
    const arrived = new Set<number>()
    await declared.subscribe({ prefetch: 50 }, message => {
      arrived.add(number(message))
    })
    const confirmed: number[] = []
    let next = 0
    const publishUntil = async (end: number) => {
      while (next < end) {
        const body = next++
        const isConfirmed = await declared.publish(`${body}`, { deliveryMode: 2 }).then(
          () => true,
          () => false,
        )
        if (isConfirmed) confirmed.push(body)
        else await new Promise(setImmediate)
      }
    }
    await publishUntil(MESSAGES)
    const publishing = publishUntil(MESSAGES * 2)
    await broker.killAndRestart()
    await publishing
    await expect.poll(() => session.closed).toBe(false)
    const before = confirmed.length
    await publishUntil(next + MESSAGES)
    expect(confirmed.length).toBeGreaterThan(before)
    await expect.poll(() => confirmed.filter(body => !arrived.has(body)), { timeout: 20_000 }).toEqual([])
  },
)
