/** A connection as a stream of bytes: what is said does not depend on how it is cut, and nothing said stops the broker. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import { type Heard, type Message, publishFrames } from '../../test/support/test-client.ts'
import { UNSENT_BYTES_MAX } from '../limits.ts'
import { encodeMethodFrame } from '../wire/codec.ts'
import { FRAME_END, heartbeatFrame } from '../wire/frame.ts'
import type { MethodArgs, MethodName } from '../wire/methods.ts'

const NO_FLAGS = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false, arguments: {} }

function method<N extends MethodName>(name: N, args: MethodArgs<N>): Buffer {
  return encodeMethodFrame(1, name, args)
}

const publish = (message: Message, frameMax = 131_072): Buffer => publishFrames(1, message, frameMax)

const get = method('basic.get', { queue: 'q', noAck: true })

/** Every kind of frame, and contents in none, one and several body frames. */
const CONVERSATION = Buffer.concat([
  method('queue.declare', { queue: 'q', ...NO_FLAGS }),
  method('confirm.select', { noWait: false }),
  publish({ routingKey: 'q', body: 'one frame', properties: { contentType: 'text/plain', headers: { a: 1 } } }),
  publish({ routingKey: 'q', body: '' }),
  heartbeatFrame(),
  publish({ routingKey: 'q', body: 'several frames', properties: { deliveryMode: 2 } }, 12),
  publish({ routingKey: 'nowhere', body: 'returned', mandatory: true }),
  publish({ routingKey: 'q', body: 'copied', properties: { headers: { CC: ['q'], BCC: ['q'] } } }),
  get,
  get,
  get,
  get,
  get,
  method('queue.purge', { queue: 'missing', noWait: false }),
  publish({ routingKey: 'q', body: 'ignored' }),
])

/** What the conversation sounds like in pieces, but for confirms: which of them the close overtakes depends on the turn. */
async function heardIn(pieces: Buffer[], eachInItsOwnTurn: boolean): Promise<Heard[]> {
  const world = new BrokerWorld()
  const client = await world.client()
  for (const piece of pieces) {
    client.bytes(piece)
    if (eachInItsOwnTurn) await world.settle()
  }
  await world.settle()
  return client.heard.filter(heard => heard.kind !== 'method' || heard.method.name !== 'basic.ack')
}

describe('a conversation', () => {
  test('sounds the same however it is cut', async () => {
    const whole = await heardIn([CONVERSATION], false)
    expect(whole).toHaveLength(9)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(CONVERSATION.length), { maxLength: 30 }), async cuts => {
        const places = [...cuts, CONVERSATION.length].sort((a, b) => a - b)
        const pieces = places.map((place, at) => CONVERSATION.subarray(at === 0 ? 0 : places[at - 1], place))
        expect(await heardIn(pieces, false)).toEqual(whole)
      }),
      { numRuns: 40 },
    )
  })

  test('of a client that leaves the overhead out of its frame-max is heard in frames that fit', async () => {
    const world = new BrokerWorld()
    const client = await world.client()
    client.bytes(method('queue.declare', { queue: 'q', ...NO_FLAGS }))
    const bodies = ['a'.repeat(131_072), 'b'.repeat(300_000), 'c']
    for (const body of bodies) client.bytes(Buffer.concat([publish({ routingKey: 'q', body }, 131_080), get]))
    await world.settle()
    const got = client.heard.flatMap(heard => (heard.kind === 'method' && heard.content ? [heard.content.body] : []))
    expect(got.map(body => body.toString())).toEqual(bodies)
  })

  test.each<[string, number, Message, number]>([
    ['header', 0, { properties: { headers: { h: 'x'.repeat(140_000) } } }, 131_072],
    ['header', 4_096, { properties: { headers: { h: 'x'.repeat(5_000) } } }, 4_096],
    ['body', 4_096, { body: 'x'.repeat(5_000) }, 131_072],
  ])(
    'ends with a content %s above the frame-max of %i, though it came in one piece',
    async (_frame, agreed, message, sent) => {
      const world = new BrokerWorld()
      const client = await world.client({ frameMax: agreed })
      client.bytes(publish(message, sent))
      await world.settle()
      expect(client.heard).toMatchObject([{ method: { name: 'connection.close', args: { replyCode: 501 } } }])
    },
  )

  test('sounds the same in single bytes, and in turns of its own for each hundred', async () => {
    const whole = await heardIn([CONVERSATION], false)
    expect(
      await heardIn(
        [...CONVERSATION].map(byte => Buffer.from([byte])),
        false,
      ),
    ).toEqual(whole)
    const hundreds = Array.from({ length: Math.ceil(CONVERSATION.length / 100) }, (_, at) =>
      CONVERSATION.subarray(at * 100, at * 100 + 100),
    )
    expect(await heardIn(hundreds, true)).toEqual(whole)
  })
})

describe('damaged bytes', () => {
  test('end a connection or are taken, and never stop the broker', async () => {
    const world = new BrokerWorld()
    const damage = fc.record({ at: fc.nat(CONVERSATION.length - 1), to: fc.integer({ min: 0, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async damages => {
        const bytes = Buffer.from(CONVERSATION)
        for (const { at, to } of damages) bytes[at] = to
        const client = await world.client()
        client.bytes(bytes)
        await world.settle()
        client.socket.endFromClient()
        await world.settle()
        expect(world.broker.connections.size).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  test('a headers table that nobody could read is refused with 501 or 502', async () => {
    const world = new BrokerWorld()
    const good = publish({ routingKey: 'q', body: 'x', properties: { headers: { key: 'value' } } })
    const typeAt = good.indexOf('key') + 3
    const client = await world.client()
    client.bytes(Buffer.from(good.map((byte, at) => (at === typeAt ? 0x3f : byte))))
    await world.settle()
    expect(client.take()).toMatchObject([
      { kind: 'method', method: { name: 'connection.close', args: { replyCode: 502 } } },
    ])
  })

  test('a routing key that is no text is refused with 501', async () => {
    const world = new BrokerWorld()
    const client = await world.client()
    const bytes = publish({ exchange: 'amq.fanout', routingKey: 'kkkk', body: 'x' })
    client.bytes(Buffer.from(bytes.map(byte => (byte === 0x6b ? 0xff : byte))))
    await world.settle()
    expect(client.take()).toMatchObject([{ method: { name: 'connection.close', args: { replyCode: 501 } } }])
  })

  test('a method in the middle of a content is 505', async () => {
    const world = new BrokerWorld()
    const client = await world.client()
    const bytes = publish({ routingKey: 'q', body: 'cut off' })
    client.bytes(Buffer.concat([bytes.subarray(0, bytes.indexOf(FRAME_END) + 1), get]))
    await world.settle()
    expect(client.take()).toMatchObject([{ method: { name: 'connection.close', args: { replyCode: 505 } } }])
  })
})

test('a client that gets and does not read is held back, and hears all of it once it reads', async () => {
  const world = new BrokerWorld()
  const client = await world.client()
  const bodyBytes = 1_000_000
  const count = 40
  client.bytes(method('queue.declare', { queue: 'q', ...NO_FLAGS }))
  for (let i = 0; i < count; i++) client.publish(1, { routingKey: 'q', body: Buffer.alloc(bodyBytes, i) })
  await world.settle()
  client.take()
  client.socket.isStalled = true
  client.bytes(Buffer.concat(Array.from({ length: count }, () => get)))
  await world.settle()
  expect(client.socket.isPaused).toBe(true)
  expect(client.socket.writableLength).toBeLessThan(UNSENT_BYTES_MAX + 2 * bodyBytes)
  client.socket.isStalled = false
  await world.settle()
  const bodies = client.take().map(heard => (heard.kind === 'method' ? heard.content?.body[0] : heard.kind))
  expect(bodies).toEqual(Array.from({ length: count }, (_, i) => i))
  expect(client.socket.isPaused).toBe(false)
})

test('gets in chunks of their own that wait for each other are all answered', async () => {
  const world = new BrokerWorld()
  const client = await world.client()
  const durable = method('queue.declare', { queue: 'q', ...NO_FLAGS, durable: true })
  for (let round = 0; round < 5; round++) for (const bytes of [durable, get, get]) client.bytes(bytes)
  await world.settle()
  expect(client.take()).toHaveLength(15)
  expect(client.socket.isPaused).toBe(false)
})

test('gets behind a declare that waits for the disk keep their order, and the connection goes on', async () => {
  const world = new BrokerWorld()
  const client = await world.client()
  const durable = method('queue.declare', { queue: 'd', ...NO_FLAGS, durable: true })
  client.bytes(Buffer.concat([method('queue.declare', { queue: 'q', ...NO_FLAGS }), durable, get, durable, get, get]))
  await world.settle()
  const heard = client.take().map(said => (said.kind === 'method' ? said.method.name : said.kind))
  const [declared, empty] = ['queue.declare-ok', 'basic.get-empty']
  expect(heard).toEqual([declared, declared, empty, declared, empty, empty])
  client.bytes(method('channel.close', { replyCode: 200, replyText: '', classId: 0, methodId: 0 }))
  await world.settle()
  expect(client.take()).toHaveLength(1)
})
