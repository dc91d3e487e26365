/** A broker process with TLS, as users run it: amqplib over amqps, and a renewed certificate after a signal. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import tls from 'node:tls'
import { connect } from 'amqplib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeIdentity, writeFiles } from '../support/certificates.ts'
import { type BrokerProcess, freePort, startBroker, temporaryFolder } from './broker-process.ts'

const folder = temporaryFolder()
const tlsFolder = path.join(folder.path, 'tls')
let broker: BrokerProcess
let port = 0

beforeAll(async () => {
  await renew('localhost')
  port = await freePort()
  const conf = path.join(folder.path, 'rabbitmq.conf')
  const file = (name: string): string => path.join(tlsFolder, name)
  const lines = [`certfile = ${file('cert.pem')}`, `keyfile = ${file('key.pem')}`].map(line => `ssl_options.${line}\n`)
  writeFileSync(conf, `listeners.ssl.default = 127.0.0.1:${port}\n${lines.join('')}`)
  broker = await startBroker(folder.path, undefined, ['--config', conf])
})

afterAll(async () => {
  await broker?.kill()
  folder.remove()
})

async function renew(name: string): Promise<void> {
  const identity = await makeIdentity({ name: `CN=${name}` })
  writeFiles(tlsFolder, identity, identity)
}

/** The name in the certificate that a new client is met with. */
function met(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN)
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

test('a client of amqps confirms and consumes, and its connection outlives the certificate', async () => {
  const connection = await connect(`amqps://guest:guest@localhost:${port}`, { rejectUnauthorized: false })
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('secret')
  channel.sendToQueue('secret', Buffer.from('first'), { persistent: true })
  await channel.waitForConfirms()
  await renew('renewed')
  broker.signal('SIGHUP')
  await vi.waitFor(async () => expect(await met()).toBe('renewed'))
  const message = await channel.get('secret', { noAck: true })
  expect(message !== false && message.content.toString()).toBe('first')
  await connection.close()
})
