/** A client that stops sending without a word has left, whatever it would still read. */
import { once } from 'node:events'
import net from 'node:net'
import { beforeEach, expect, test } from 'vitest'
import type { MethodArgs } from '../../src/wire/methods.ts'
import { methodArguments, type Values } from '../support/script.ts'
import { publishFrames, TestClient } from '../support/test-client.ts'
import { TestSocket } from '../support/test-socket.ts'
import { useSession } from './session.ts'

const PUBLISHES = 100
const session = useSession()
let own: string

/** All that the client says in its life, in one piece: it comes in, holds a message, and publishes others. */
function life(queue: string): Buffer {
  const said: Buffer[] = []
  const socket = new TestSocket(0)
  socket.on('data', bytes => said.push(Buffer.from(bytes as Buffer)))
  const client = new TestClient(socket)
  client.login()
  say(client, 'queue.declare', { queue: own, exclusive: true })
  say(client, 'basic.consume', { queue, consumerTag: 'c' })
  for (let number = 0; number < PUBLISHES; number++) {
    client.bytes(publishFrames(1, { routingKey: own, body: `${number}` }, 4_096))
    client.bytes(publishFrames(1, { routingKey: queue, body: `${number}` }, 4_096))
  }
  return Buffer.concat(said)
}

function say(client: TestClient, name: 'queue.declare' | 'basic.consume', given: Values): void {
  client.send(1, name, methodArguments(name, given) as MethodArgs<typeof name>)
}

beforeEach(() => {
  own = `${session.queue} own`
})

test('a client that closes its half of a connection leaves what it published and held', async () => {
  const { channel, queue } = session
  await channel.assertQueue(queue)
  channel.sendToQueue(queue, Buffer.from('held'))
  await channel.waitForConfirms()
  const { hostname, port } = new URL(session.amqpUrl)
  const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  socket.resume().end(life(queue))
  await once(socket, 'end')
  socket.destroy()

  const bodies: string[] = []
  while (bodies.length < 1 + PUBLISHES) {
    const message = await channel.get(queue, { noAck: true })
    if (message !== false) bodies.push(message.content.toString())
  }
  expect(bodies).toEqual(['held', ...Array.from({ length: PUBLISHES }, (_, number) => `${number}`)])
  await expect(channel.checkQueue(own)).rejects.toThrow('404')
})
