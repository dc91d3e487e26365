/** The shared buffer is there on this release of Node: without it every chunk would be one of its own. */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { expect, test } from 'vitest'
import { makeIdentity } from '../../test/support/certificates.ts'
import { ReadBuffer, readInto, readTlsInto } from './static-read.ts'

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

test('so do those of a socket with TLS, from the first on, paused or not', async () => {
  const { certPem: cert, keyPem: key } = await makeIdentity({ name: 'CN=broker.example' })
  const shared = new ReadBuffer()
  const server = tls.createServer({ cert, key }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const heard: string[] = []
  const bytes = new Promise<tls.TLSSocket>(resolve => {
    server.once('secureConnection', socket => {
      socket.on('data', () => heard.push('data'))
      readTlsInto(socket, shared, chunk => {
        expect(chunk.buffer).toBe(shared.bytes.buffer)
        heard.push(chunk.toString())
        resolve(socket)
      })
    })
  })
  const client = tls.connect({
    port: (server.address() as net.AddressInfo).port,
    host: '127.0.0.1',
    ca: cert,
    servername: 'x',
    checkServerIdentity: () => undefined,
  })
  client.write('first')
  const socket = await bytes
  socket.pause()
  client.write('second')
  const closed = once(socket, 'close')
  client.end()
  socket.resume()
  await closed
  expect(heard.join()).toBe('first,second')
  server.close()
})
