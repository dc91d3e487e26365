/** The name that a certificate logs in with is the one that RabbitMQ 3.10 reads in it. */
import { X509Certificate } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, credentials } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort, type Program, stop } from '../../../bench/processes.ts'
import { installRabbit, startRabbit } from '../../../bench/rabbitmq.ts'
import { peerFacts } from '../../src/transport/peer-certificate.ts'
import { temporaryFolder } from '../interop/broker-process.ts'
import { type Identity, makeIdentity, writeFiles } from '../support/certificates.ts'

const START_MS = 60_000
const folder = temporaryFolder()
const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
let programs: Program[] = []
let authority: Identity
let tlsPort = 0
let managementPort = 0

beforeAll(async () => {
  installRabbit()
  authority = await makeIdentity({ name: 'CN=Test authority', isAuthority: true })
  const server = await makeIdentity({ name: 'CN=localhost', signer: authority })
  const { cert, key, ca } = writeFiles(path.join(folder.path, 'tls'), server, authority)
  const data = path.join(folder.path, 'rabbitmq')
  mkdirSync(data)
  tlsPort = await freePort()
  managementPort = await freePort()
  const settings = [
    `listeners.ssl.default = 127.0.0.1:${tlsPort}`,
    `ssl_options.cacertfile = ${ca}`,
    `ssl_options.certfile = ${cert}`,
    `ssl_options.keyfile = ${key}`,
    'ssl_options.verify = verify_peer',
    'ssl_options.fail_if_no_peer_cert = true',
    'auth_mechanisms.1 = EXTERNAL',
    'ssl_cert_login_from = distinguished_name',
  ]
  const plugins = ['rabbitmq_auth_mechanism_ssl']
  programs = await startRabbit({ port: await freePort(), data, managementPort, plugins, settings })
  await answering()
}, START_MS)

afterAll(async () => {
  for (const program of programs.toReversed()) await stop(program)
  folder.remove()
})

async function answering(): Promise<void> {
  const isThere = (): Promise<boolean> =>
    put('users/nobody', { password: 'x', tags: '' }).then(
      () => true,
      () => false,
    )
  while (!(await isThere())) await delay(200)
}

async function put(what: string, body: object): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${managementPort}/api/${what}`, {
    method: 'PUT',
    headers: { authorization },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${what}: ${answer.status}`)
}

test.each([
  'CN=joe',
  'C=DE, ST=Bayern, L=Ort, O=Example\\, Inc., OU=Unit, CN=joe',
  'CN=Jürgen',
  'CN=a~b',
  'DC=org, DC=example, CN=x+OU=y',
  'G=Joe, SN=Doe, T=Dr, CN=joe',
  'E=joe@example.org, CN=joe',
  'CN="a+b;c<d>e\\"f"',
])('%s', async name => {
  const identity = await makeIdentity({ name, signer: authority })
  const login = { from: 'distinguished_name', sanType: 'dns', sanIndex: 0 } as const
  const { loginName = '' } = peerFacts(new X509Certificate(identity.certPem), login)
  const user = encodeURIComponent(loginName)
  await put(`users/${user}`, { password: 'x', tags: '' })
  await put(`permissions/%2F/${user}`, { configure: '', write: '', read: '' })
  const connection = await connectAs(identity)
  expect(connection.connection.serverProperties.product).toBe('RabbitMQ')
  await connection.close()
})

test('a certificate of nobody does not log in', async () => {
  await expect(connectAs(await makeIdentity({ name: 'CN=eve', signer: authority }))).rejects.toThrow('403')
})

function connectAs({ certPem, keyPem }: Identity) {
  return connect(`amqps://localhost:${tlsPort}`, {
    ca: [Buffer.from(authority.certPem)],
    cert: Buffer.from(certPem),
    key: Buffer.from(keyPem),
    checkServerIdentity: () => undefined,
    credentials: credentials.external(),
  })
}
