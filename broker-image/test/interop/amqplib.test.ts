/** What an ordinary amqplib client does with queues, messages and exchanges. */
import { type ConfirmChannel, type ConsumeMessage, connect, type GetMessage, type Options } from 'amqplib'
import { beforeEach, describe, expect, test } from 'vitest'
import { channelCode, consumer, management, useSession } from './session.ts'

const session = useSession()
let channel: ConfirmChannel
let queue: string

beforeEach(() => {
  channel = session.channel
  queue = session.queue
})

async function publish(...bodies: string[]): Promise<void> {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), { persistent: true })
  await channel.waitForConfirms()
}

const text = (message: ConsumeMessage | GetMessage | false) => (message === false ? false : message.content.toString())
const texts = (messages: ConsumeMessage[]) => messages.map(text)

/** Gets until the queue has something: for what happens by time. */
async function eventually(from: string): Promise<GetMessage> {
  for (;;) {
    const message = await channel.get(from, { noAck: true })
    if (message !== false) return message
  }
}

async function putPolicy(name: string, pattern: string, definition: object): Promise<number> {
  const body = { pattern, definition, 'apply-to': 'queues', priority: 1 }
  const { status } = await management(session, 'PUT', `/api/policies/%2F/${name}`, body)
  return status
}

describe('queues', () => {
  test('declare answers with name and counts', async () => {
    expect(await channel.assertQueue(queue)).toEqual({ queue, messageCount: 0, consumerCount: 0 })
    await publish('a', 'b')
    await consumer(channel, queue, { noAck: false })
    expect((await channel.assertQueue(queue)).consumerCount).toBe(1)
  })

  test('an empty name gets one made by the server', async () => {
    const declared = await channel.assertQueue('', { exclusive: true })
    expect(declared.queue).toMatch(/^amq\.gen-/)
  })

  test('purge answers how many went', async () => {
    await channel.assertQueue(queue)
    await publish('a', 'b', 'c')
    expect(await channel.purgeQueue(queue)).toEqual({ messageCount: 3 })
    expect(await channel.get(queue)).toBe(false)
  })

  test('delete answers how many went, and a missing queue is no error', async () => {
    await channel.assertQueue(queue)
    await publish('a')
    expect(await channel.deleteQueue(queue)).toEqual({ messageCount: 1 })
    expect(await channel.deleteQueue(queue)).toEqual({ messageCount: 0 })
  })

  test('an exclusive queue goes with its connection', async () => {
    const owner = await connect(session.amqpUrl)
    const owned = await owner.createChannel()
    await owned.assertQueue(queue, { exclusive: true })
    await owner.close()
    expect(await channelCode(session.connection, on => on.checkQueue(queue))).toBe(404)
  })

  test('an auto-delete queue goes with its last consumer', async () => {
    await channel.assertQueue(queue, { autoDelete: true })
    const { consumerTag } = await consumer(channel, queue)
    await channel.cancel(consumerTag)
    expect(await channelCode(session.connection, on => on.checkQueue(queue))).toBe(404)
  })
})

describe('publish and consume', () => {
  test('messages arrive in order with every property', async () => {
    await channel.assertQueue(queue)
    const options: Options.Publish = {
      contentType: 'text/plain',
      contentEncoding: 'utf-8',
      headers: { word: 'a', number: 7, truth: true, list: ['x', 1], nested: { deep: 'y' }, none: null },
      persistent: true,
      priority: 3,
      correlationId: 'c1',
      replyTo: 'r1',
      expiration: '60000',
      messageId: 'm1',
      timestamp: 1_700_000_000,
      type: 't1',
      appId: 'a1',
      userId: 'guest',
    }
    channel.sendToQueue(queue, Buffer.from('one'), options)
    channel.sendToQueue(queue, Buffer.from('two'))
    const { take } = await consumer(channel, queue)
    const [one, two] = await take(2)
    const { persistent, ...sent } = options
    expect(one!.properties).toMatchObject({ ...sent, deliveryMode: 2 })
    expect(one!.fields).toMatchObject({ exchange: '', routingKey: queue, redelivered: false, deliveryTag: 1 })
    expect([text(one!), text(two!)]).toEqual(['one', 'two'])
  })

  test('a body of many frames arrives whole, and so does an empty one', async () => {
    await channel.assertQueue(queue)
    const large = Buffer.alloc(3_000_000, 'large body ')
    channel.sendToQueue(queue, large, { persistent: true })
    channel.sendToQueue(queue, Buffer.alloc(0))
    await channel.waitForConfirms()
    const { take } = await consumer(channel, queue)
    const [first, second] = await take(2)
    expect(first!.content.equals(large)).toBe(true)
    expect(second!.content).toHaveLength(0)
  })

  test('confirms come for persistent, transient and unroutable messages', async () => {
    await channel.assertQueue(queue)
    for (let i = 0; i < 500; i++) {
      channel.sendToQueue(queue, Buffer.from(`${i}`), { persistent: i % 2 === 0 })
      channel.sendToQueue('nowhere', Buffer.from(`${i}`))
    }
    await channel.waitForConfirms()
    expect((await channel.checkQueue(queue)).messageCount).toBe(500)
  })

  test('get takes one message and tells how many wait', async () => {
    await channel.assertQueue(queue)
    await publish('a', 'b')
    const message = await channel.get(queue)
    if (message === false) throw new Error('no message')
    expect(text(message)).toBe('a')
    expect(message.fields.messageCount).toBe(1)
    channel.ack(message)
    expect(text(await channel.get(queue, { noAck: true }))).toBe('b')
    expect(await channel.get(queue)).toBe(false)
  })

  test('prefetch bounds what a consumer holds, and an ack lets the next one in', async () => {
    await channel.assertQueue(queue)
    await publish('a', 'b', 'c', 'd', 'e')
    await channel.prefetch(3)
    const { take, arrived } = await consumer(channel, queue, { noAck: false })
    const [a, b] = await take(3)
    expect((await channel.checkQueue(queue)).messageCount).toBe(2)
    expect(arrived).toHaveLength(0)
    channel.ack(b!, true)
    expect(texts(await take(2))).toEqual(['d', 'e'])
    expect(text(a!)).toBe('a')
  })

  test('two consumers share a queue', async () => {
    await channel.assertQueue(queue)
    const [left, right] = [await consumer(channel, queue), await consumer(channel, queue)]
    await publish('a', 'b', 'c', 'd')
    expect([...texts(await left.take(2)), ...texts(await right.take(2))].toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a deleted queue cancels its consumer', async () => {
    await channel.assertQueue(queue)
    const cancelled = new Promise(resolve => channel.consume(queue, resolve))
    const other = await session.connection.createChannel()
    await other.deleteQueue(queue)
    expect(await cancelled).toBe(null)
  })

  test('a cancelled consumer gets nothing more', async () => {
    await channel.assertQueue(queue)
    const { consumerTag, arrived } = await consumer(channel, queue)
    await channel.cancel(consumerTag)
    await publish('a')
    expect((await channel.checkQueue(queue)).messageCount).toBe(1)
    expect(arrived).toHaveLength(0)
  })
})

describe('messages given back', () => {
  test('a nack with requeue puts the message back in its place, redelivered', async () => {
    await channel.assertQueue(queue)
    await publish('a', 'b', 'c')
    const first = (await channel.get(queue)) as GetMessage
    const second = (await channel.get(queue)) as GetMessage
    channel.nack(second, false, true)
    channel.nack(first, false, true)
    const { take } = await consumer(channel, queue)
    const again = await take(3)
    expect(texts(again)).toEqual(['a', 'b', 'c'])
    expect(again.map(message => message.fields.redelivered)).toEqual([true, true, false])
  })

  test('a closed channel gives back what it held', async () => {
    await channel.assertQueue(queue)
    await publish('a')
    const other = await session.connection.createChannel()
    await other.get(queue)
    expect(await channel.get(queue)).toBe(false)
    await other.close()
    expect(text(await channel.get(queue, { noAck: true }))).toBe('a')
  })

  test('a rejected message is dead-lettered with its history', async () => {
    const dead = `${queue} dead`
    await channel.assertQueue(dead)
    await channel.purgeQueue(dead)
    const letters = { deadLetterExchange: '', deadLetterRoutingKey: dead }
    await channel.assertQueue(queue, letters)
    await publish('a')
    channel.nack((await channel.get(queue)) as GetMessage, false, false)
    const { take } = await consumer(channel, dead)
    const [letter] = await take(1)
    expect(text(letter!)).toBe('a')
    const [death] = letter!.properties.headers?.['x-death'] ?? []
    expect(death).toMatchObject({ queue, reason: 'rejected', count: 1, exchange: '', 'routing-keys': [queue] })
    expect(letter!.properties.headers).toMatchObject({
      'x-first-death-queue': queue,
      'x-first-death-reason': 'rejected',
    })
  })

  test('a mandatory message that no queue takes comes back before its confirm', async () => {
    const order: string[] = []
    const returned = new Promise<ConsumeMessage>(resolve => {
      channel.once('return', message => {
        order.push('return')
        resolve(message as ConsumeMessage)
      })
    })
    const lost = { mandatory: true, messageId: 'm1' }
    channel.publish('', 'nowhere', Buffer.from('a'), lost, () => order.push('confirm'))
    await channel.waitForConfirms()
    const message = await returned
    expect(message.fields).toMatchObject({ replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey: 'nowhere' })
    expect(message.properties.messageId).toBe('m1')
    expect(order).toEqual(['return', 'confirm'])
  })
})

describe('limits of a queue', () => {
  test('a message expires after its own time and is dead-lettered', async () => {
    const dead = `${queue} dead`
    await channel.assertQueue(dead)
    await channel.purgeQueue(dead)
    await channel.assertQueue(queue, { deadLetterExchange: '', deadLetterRoutingKey: dead })
    channel.sendToQueue(queue, Buffer.from('a'), { expiration: '50' })
    const letter = await eventually(dead)
    expect(letter.properties.expiration).toBe(undefined)
    expect(letter.properties.headers?.['x-death']?.[0]).toMatchObject({
      reason: 'expired',
      'original-expiration': '50',
    })
  })

  test('max-length drops the oldest', async () => {
    await channel.assertQueue(queue, { maxLength: 2 })
    await publish('a', 'b', 'c')
    expect(text(await channel.get(queue, { noAck: true }))).toBe('b')
  })

  test('reject-publish nacks what does not fit', async () => {
    await channel.assertQueue(queue, { maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } })
    const results = await Promise.all(
      ['a', 'b'].map(
        body => new Promise(resolve => channel.sendToQueue(queue, Buffer.from(body), {}, error => resolve(!error))),
      ),
    )
    expect(results).toEqual([true, false])
  })

  test('a policy of the management API gives messages a time to live', async () => {
    const dead = `${queue} dead`
    await channel.assertQueue(dead)
    await channel.purgeQueue(dead)
    await channel.assertQueue(queue, { deadLetterExchange: '', deadLetterRoutingKey: dead })
    expect(await putPolicy('interop-ttl', `^${queue}$`, { 'message-ttl': 50 })).toBeLessThan(300)
    await publish('a')
    const letter = await eventually(dead)
    expect(letter.properties.headers?.['x-death']?.[0]).toMatchObject({ reason: 'expired', queue })
    expect((await management(session, 'DELETE', '/api/policies/%2F/interop-ttl')).status).toBe(204)
  })

  test('a policy of the management API bounds the length at once', async () => {
    await channel.assertQueue(queue)
    await publish('a', 'b', 'c')
    expect(await putPolicy('interop-length', `^${queue}$`, { 'max-length': 1 })).toBeLessThan(300)
    const waiting = async () => (await channel.checkQueue(queue)).messageCount
    await expect.poll(waiting).toBe(1)
    expect(text(await channel.get(queue, { noAck: true }))).toBe('c')
    await management(session, 'DELETE', '/api/policies/%2F/interop-length')
  })

  test('an unknown policy key is refused', async () => {
    expect(await putPolicy('interop-bad', '.*', { 'max-lenght': 1 })).toBe(400)
  })
})

describe('exchanges', () => {
  const cases: [string, string, Record<string, unknown>, [string, Record<string, unknown>?][], string[]][] = [
    ['direct', 'red', {}, [['red'], ['blue'], ['red']], ['0', '2']],
    ['fanout', '', {}, [['red'], ['blue']], ['0', '1']],
    ['topic', 'order.*.#', {}, [['order.new'], ['order'], ['order.new.big.one'], ['x.order.new']], ['0', '2']],
    [
      'headers',
      '',
      { 'x-match': 'all', a: 1, b: 'y' },
      [
        ['', { a: 1, b: 'y', c: 2 }],
        ['', { a: 1 }],
      ],
      ['0'],
    ],
  ]
  test.each(cases)('%s routes by its rule', async (type, key, args, messages, expected) => {
    const exchange = `interop ${type}`
    await channel.assertExchange(exchange, type, { durable: false })
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, exchange, key, args)
    for (const [i, [routingKey, headers]] of messages.entries()) {
      channel.publish(exchange, routingKey, Buffer.from(`${i}`), { headers: headers ?? {} })
    }
    await channel.waitForConfirms()
    const { take } = await consumer(channel, queue)
    expect(texts(await take(expected.length))).toEqual(expected)
    expect((await channel.checkQueue(queue)).messageCount).toBe(0)
    await channel.deleteExchange(exchange)
  })

  test('an unbound queue gets nothing more', async () => {
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, 'amq.topic', 'k')
    await channel.unbindQueue(queue, 'amq.topic', 'k')
    channel.publish('amq.topic', 'k', Buffer.from('a'))
    await channel.waitForConfirms()
    expect(await channel.get(queue)).toBe(false)
  })

  test('an exchange bound to an exchange passes messages on', async () => {
    await channel.assertExchange('interop source', 'topic', { durable: false })
    await channel.assertExchange('interop target', 'fanout', { durable: false })
    await channel.bindExchange('interop target', 'interop source', 'a.#')
    await channel.assertQueue(queue)
    await channel.bindQueue(queue, 'interop target', '')
    channel.publish('interop source', 'a.b', Buffer.from('a'))
    channel.publish('interop source', 'b', Buffer.from('b'))
    await channel.waitForConfirms()
    expect(text(await channel.get(queue, { noAck: true }))).toBe('a')
    expect(await channel.get(queue)).toBe(false)
    await channel.deleteExchange('interop source')
    await channel.deleteExchange('interop target')
  })
})
