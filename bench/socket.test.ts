/** The generator reads the same deliveries however the stream is cut. */
import { once } from 'node:events'
import net from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DeliveryCounter } from './counters.ts'
import { AmqpSocket } from './socket.ts'
import { BODY_FRAME, frame, HEADER_FRAME, Method, methodFrame, shortString, uint16, uint32 } from './wire.ts'

const MESSAGES = 20

function delivery(tag: number): Buffer {
  const routing = [Buffer.from([0]), shortString(''), shortString('bench')]
  const deliver = methodFrame(1, Method.basicDeliver, shortString('c'), uint32(0), uint32(tag), ...routing)
  const header = frame(HEADER_FRAME, 1, Buffer.concat([uint16(60), uint16(0), uint32(0), uint32(16), uint16(0)]))
  return Buffer.concat([deliver, header, frame(BODY_FRAME, 1, Buffer.concat([uint32(tag - 1), Buffer.alloc(12)]))])
}

test('counts every delivery at any cut of the stream', async () => {
  const stream = Buffer.concat(Array.from({ length: MESSAGES }, (_, i) => delivery(i + 1)))
  const cut = fc.uniqueArray(fc.nat(stream.length), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(cut, async cuts => {
      const ends = [...cuts.toSorted((a, b) => a - b), stream.length]
      expect(await received(ends.map((end, i) => stream.subarray(ends[i - 1] ?? 0, end)))).toBe(MESSAGES)
    }),
    { numRuns: 30 },
  )
})

/** Sends the pieces so that each is a read of its own: the next one goes when the last was handed over. */
async function received(pieces: readonly Buffer[]): Promise<number> {
  const server = net.createServer({ noDelay: true })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  let afterRead = () => {}
  const counter = new DeliveryCounter(16, () => afterRead())
  const client = new AmqpSocket((server.address() as net.AddressInfo).port, counter, error => {
    throw error
  })
  const [peer] = (await once(server, 'connection')) as [net.Socket]
  for (const piece of pieces.filter(each => each.length > 0)) {
    const read = new Promise<void>(resolve => {
      afterRead = resolve
    })
    peer.write(piece)
    await read
  }
  client.drop()
  server.close()
  return counter.received
}

test('a refusal by the server fails the request with its code and text', async () => {
  const server = net.createServer(peer => {
    peer.write(methodFrame(0, Method.connectionClose, uint16(403), shortString('ACCESS_REFUSED'), uint32(0)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const counter = new DeliveryCounter(16, () => {})
  const client = new AmqpSocket((server.address() as net.AddressInfo).port, counter, () => {})
  await expect(client.open()).rejects.toThrow('403 ACCESS_REFUSED')
  server.close()
})
