/** Certificates are renewed while the broker runs: as Kubernetes changes a mounted Secret, and by a signal. */
import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type tls from 'node:tls'
import { connect } from 'amqplib'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Identity, makeIdentity, writeFiles } from '../../test/support/certificates.ts'
import { callTls, ListeningWorld } from '../../test/support/listening-world.ts'
import { CERTIFICATE_POLL_MS } from '../limits.ts'

const folders = mkdtempSync(join(tmpdir(), 'warren-renewal-'))
let authority: Identity
let folder = ''
let world: ListeningWorld
let versions = 0

beforeAll(async () => {
  authority = await makeIdentity({ name: 'CN=Test authority', isAuthority: true })
})

beforeEach(async () => {
  folder = mkdtempSync(join(folders, 'secret-'))
  mount(await identity('first'))
  const file = (name: string): string => join(folder, name)
  world = await ListeningWorld.open(`listeners.tcp = none
listeners.ssl.default = 127.0.0.1:0
ssl_options.certfile = ${file('cert.pem')}
ssl_options.keyfile = ${file('key.pem')}
ssl_options.cacertfile = ${file('ca.pem')}
`)
})

afterEach(() => world.close())
afterAll(() => rmSync(folders, { recursive: true, force: true }))

function identity(name: string): Promise<Identity> {
  return makeIdentity({ name: `CN=${name}`, signer: authority })
}

/** Files in a folder of their own, `..data` that points to it, and links through `..data`, as the kubelet does it. */
function mount(of: Pick<Identity, 'certPem' | 'keyPem'>): void {
  const version = `..version-${versions++}`
  writeFiles(join(folder, version), of, authority)
  symlinkSync(version, join(folder, '..new'))
  renameSync(join(folder, '..new'), join(folder, '..data'))
  for (const name of ['cert.pem', 'key.pem', 'ca.pem']) {
    symlinkSync(join('..data', name), join(folder, '..link'))
    renameSync(join(folder, '..link'), join(folder, name))
  }
}

/** The name in the certificate that a new client is met with. */
async function met(): Promise<string> {
  const { socket, answer } = callTls(world.port('amqp/ssl'), { rejectUnauthorized: false })
  await answer
  const { subject } = (socket as tls.TLSSocket).getPeerCertificate()
  socket.destroy()
  return subject.CN as string
}

test('new clients are met with the new certificate, and those that are there stay', async () => {
  const url = `amqps://guest:guest@localhost:${world.port('amqp/ssl')}`
  const connection = await connect(url, { rejectUnauthorized: false })
  mount(await identity('second'))
  expect(await met()).toBe('first')
  await world.advance(CERTIFICATE_POLL_MS)
  expect(await met()).toBe('second')
  const channel = await connection.createChannel()
  await channel.assertQueue('still here')
  await connection.close()
  mount(await identity('third'))
  await world.advance(CERTIFICATE_POLL_MS)
  expect(await met()).toBe('third')
})

test('a signal is enough', async () => {
  mount(await identity('second'))
  world.reloadCertificates()
  expect(await met()).toBe('second')
})

test('what does not work leaves the old certificate in use, until it works', async () => {
  const [second, third] = [await identity('second'), await identity('third')]
  for (const bad of [
    { certPem: second.certPem, keyPem: third.keyPem },
    { certPem: 'nonsense', keyPem: second.keyPem },
    { certPem: '', keyPem: '' },
  ]) {
    mount(bad)
    await world.advance(CERTIFICATE_POLL_MS)
    expect(await met()).toBe('first')
  }
  rmSync(join(folder, 'key.pem'))
  await world.advance(CERTIFICATE_POLL_MS)
  expect(await met()).toBe('first')
  mount(second)
  await world.advance(CERTIFICATE_POLL_MS)
  expect(await met()).toBe('second')
})
