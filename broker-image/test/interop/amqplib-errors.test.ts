/** How refusals and silence look to a client: the codes of closed channels and connections, and heartbeats. */
import { once } from 'node:events'
import net from 'node:net'
import { type Channel, type ConsumeMessage, connect } from 'amqplib'
import { describe, expect, test } from 'vitest'
import { channelCode, consumer, useSession } from './session.ts'

const session = useSession()

describe('errors', () => {
  test.each<[string, number, (on: Channel) => unknown]>([
    ['a missing queue', 404, on => on.checkQueue('interop missing')],
    ['a consumer of a missing queue', 404, on => on.consume('interop missing', () => {})],
    ['a missing exchange', 404, on => on.publish('interop missing', 'k', Buffer.from('a'))],
    ['a binding to a missing exchange', 404, on => on.bindQueue('interop missing', 'amq.topic', 'k')],
    ['a reserved exchange name', 403, on => on.assertExchange('amq.interop', 'direct')],
    ['a reserved queue name', 403, on => on.assertQueue('amq.interop')],
    ['an exchange of another type', 406, on => on.assertExchange('amq.direct', 'fanout')],
    ['a bad argument', 406, on => on.assertQueue('interop bad', { arguments: { 'x-message-ttl': -1 } })],
    ['an unknown delivery tag', 406, on => on.ack({ fields: { deliveryTag: 99 } } as ConsumeMessage)],
  ])('%s closes the channel (%i)', async (_, code, work) => {
    expect(await channelCode(session.connection, work)).toBe(code)
    expect(await session.channel.checkExchange('amq.direct')).toEqual({})
  })

  test('a redeclare with other properties closes the channel with 406', async () => {
    await session.channel.assertQueue(session.queue, { durable: true })
    expect(await channelCode(session.connection, on => on.assertQueue(session.queue, { durable: false }))).toBe(406)
    expect(
      await channelCode(session.connection, on => on.assertQueue(session.queue, { durable: true, maxLength: 3 })),
    ).toBe(406)
  })

  test('a queue that another connection owns is locked (405)', async () => {
    const owner = await connect(session.amqpUrl)
    await (await owner.createChannel()).assertQueue(session.queue, { exclusive: true })
    expect(await channelCode(session.connection, on => on.assertQueue(session.queue, { exclusive: true }))).toBe(405)
    await owner.close()
  })

  test('a queue in use is not deleted when unused is asked for', async () => {
    await session.channel.assertQueue(session.queue)
    await consumer(session.channel, session.queue)
    expect(await channelCode(session.connection, on => on.deleteQueue(session.queue, { ifUnused: true }))).toBe(406)
  })

  test('a wrong password is refused (403)', async () => {
    await expect(connect(session.amqpUrl.replace('guest:guest', 'guest:wrong'))).rejects.toThrow(/403|ACCESS.REFUSED/)
  })

  test('an unknown virtual host is refused (530)', async () => {
    await expect(connect(`${session.amqpUrl}/nowhere`)).rejects.toThrow(/530|ConnectionClose/)
  })
})

describe('heartbeats', () => {
  const frame = (type: number, payload: string) =>
    Buffer.concat([
      Buffer.from([type, 0, 0]),
      Buffer.from((payload.length / 2).toString(16).padStart(8, '0') + payload, 'hex'),
      Buffer.from([0xce]),
    ])
  const login = Buffer.from('\x05PLAIN\0\0\0\x0c\0guest\0guest\x05en_US').toString('hex')
  const startOk = frame(1, `000a000b00000000${login}`)
  /** channel-max 2047, frame-max 131072, a heartbeat every second. */
  const tuneOk = frame(1, '000a001f07ff000200000001')
  const open = frame(1, '000a0028012f0000')

  const beat = frame(8, '')

  /** Logs in by hand and asks for a heartbeat a second; `onBeat` hears each that the server sends. */
  async function byHand(onBeat: (socket: net.Socket) => void): Promise<net.Socket> {
    const url = new URL(session.amqpUrl)
    const socket = net.connect(Number(url.port), url.hostname)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      for (let at = 0; at + 8 <= chunk.length; at += 8 + chunk.readUInt32BE(at + 3)) if (chunk[at] === 8) onBeat(socket)
    })
    socket.write('AMQP\0\0\x09\x01')
    await once(socket, 'data')
    socket.write(startOk)
    await once(socket, 'data')
    socket.write(Buffer.concat([tuneOk, open]))
    return socket
  }

  test('the server sends them, and drops a client that is silent', async () => {
    let beats = 0
    const socket = await byHand(() => beats++)
    await new Promise(resolve => socket.once('close', resolve))
    expect(beats).toBeGreaterThan(0)
  })

  test('a quiet client that sends them stays connected', async () => {
    let beats = 0
    const socket = await byHand(connected => {
      connected.write(beat)
      beats++
    })
    let closed = false
    socket.once('close', () => {
      closed = true
    })
    await expect.poll(() => closed || beats >= 6, { timeout: 20_000 }).toBe(true)
    expect(closed).toBe(false)
    socket.destroy()
  })
})
