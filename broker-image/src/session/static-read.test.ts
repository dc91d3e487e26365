/** The shared buffer is there on this release of Node: without it every chunk would be one of its own. */
import { once } from 'node:events'
import net from 'node:net'
import { expect, test } from 'vitest'
import { ReadBuffer, readInto } from './static-read.ts'

test('bytes of an accepted socket come in the buffer that all share, also when it was read before', async () => {
  const shared = new ReadBuffer()
  const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [net.Socket]
  client.write('first')
  accepted.resume()
  expect(String(await once(accepted, 'data'))).toBe('first')
  accepted.pause()
  const chunk = new Promise<Buffer>(resolve => {
    readInto(accepted, shared, resolve).resume()
  })
  client.write('second')
  const { buffer } = await chunk
  expect(buffer).toBe(shared.bytes.buffer)
  expect(shared.bytes.toString('latin1', 0, 6)).toBe('second')
  client.destroy()
  server.close()
})
