/** TLS on real sockets: who gets in, as whom, and with which certificate they are met. */

import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type tls from 'node:tls'
import { connect, credentials } from 'amqplib'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Files, type Identity, makeIdentity, writeFiles } from '../../test/support/certificates.ts'
import { call, callTls, ListeningWorld } from '../../test/support/listening-world.ts'
import { hashPassword } from '../definitions/passwords.ts'

const folder = mkdtempSync(join(tmpdir(), 'warren-tls-'))
const HOSTS = { alternativeNames: [{ type: 'dns', value: 'broker.example' } as const] }
let authority: Identity
let files: Files
let worlds: ListeningWorld[] = []

beforeAll(async () => {
  authority = await makeIdentity({ name: 'CN=Test authority', isAuthority: true })
  files = writeFiles(join(folder, 'server'), await serverIdentity(), authority)
})

afterEach(async () => {
  for (const world of worlds) await world.close()
  worlds = []
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function serverIdentity(name = 'CN=broker.example'): Promise<Identity> {
  return makeIdentity({ name, signer: authority, ...HOSTS })
}

/** A broker with a TLS listener, and more lines of configuration. */
async function open(conf = ''): Promise<ListeningWorld> {
  const tlsConf = `listeners.ssl.default = 127.0.0.1:0
ssl_options.cacertfile = ${files.ca}
ssl_options.certfile = ${files.cert}
ssl_options.keyfile = ${files.key}
`
  const world = await ListeningWorld.open(tlsConf + conf)
  worlds.push(world)
  return world
}

function own({ certPem, keyPem }: Identity): tls.ConnectionOptions {
  return { cert: certPem, key: keyPem }
}

/** What a client hears that trusts the authority; undefined when it is sent away. */
async function heard(world: ListeningWorld, options: tls.ConnectionOptions = {}): Promise<string | undefined> {
  const { socket, answer } = callTls(world.port('amqp/ssl'), { ca: authority.certPem, ...options })
  const bytes = await answer
  socket.destroy()
  return bytes?.toString('latin1')
}

function url(world: ListeningWorld): string {
  return `amqps://guest:guest@localhost:${world.port('amqp/ssl')}`
}

const VERIFY = 'ssl_options.verify = verify_peer\n'
const REQUIRE = `${VERIFY}ssl_options.fail_if_no_peer_cert = true\n`

describe('a client', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('of %s publishes and gets, however large the message', async version => {
    const world = await open()
    const options = { ca: [Buffer.from(authority.certPem)], minVersion: version, maxVersion: version }
    const connection = await connect(url(world), { ...options, servername: 'broker.example' })
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue('q')
    const bodies = [1, 300_000, 3_000_000].map((bytes, at) => Buffer.alloc(bytes, at))
    for (const body of bodies) channel.sendToQueue('q', body)
    await channel.waitForConfirms()
    for (const body of bodies) {
      const message = await channel.get('q', { noAck: true })
      expect(message !== false && message.content.equals(body)).toBe(true)
    }
    expect([...world.broker.connections.values()][0]?.origin.tls).toMatchObject({ protocol: version.toLowerCase() })
    await connection.close()
  })

  test('of TLS 1.1, or of a version that is switched off, is not let in', async () => {
    const world = await open('ssl_options.versions.1 = tlsv1.3')
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    expect(await heard(world, old)).toBeUndefined()
    expect(await heard(world, { maxVersion: 'TLSv1.2' })).toBeUndefined()
    expect(await heard(world)).toContain('PLAIN')
  })

  test('agrees on a cipher that is listed, or not at all', async () => {
    const world = await open('ssl_options.versions.1 = tlsv1.2\nssl_options.ciphers.1 = ECDHE-ECDSA-AES256-GCM-SHA384')
    expect(await heard(world, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).toBeUndefined()
    expect(await heard(world)).toContain('PLAIN')
  })

  test('that says nothing is sent away', async () => {
    const world = await open('ssl_handshake_timeout = 50')
    const socket = net.connect({ port: world.port('amqp/ssl'), host: '127.0.0.1' })
    await new Promise(resolve => socket.once('close', resolve))
  })

  test('that leaves without a word, as a port scan does, is no warning; one that speaks without TLS is', async () => {
    const world = await open()
    const told: string[] = []
    const { logger } = world.broker
    logger.debug = () => told.push('debug')
    logger.warn = () => told.push('warn')
    const socket = net.connect({ port: world.port('amqp/ssl'), host: '127.0.0.1' })
    await once(socket, 'connect')
    socket.end()
    await vi.waitFor(() => expect(told).toEqual(['debug']))
    await call(world.port('amqp/ssl')).answer
    await vi.waitFor(() => expect(told).toEqual(['debug', 'warn']))
  })

  test('that speaks without TLS is sent away, and others go on', async () => {
    const world = await open()
    const answer = await call(world.port('amqp/ssl')).answer
    expect(answer?.toString('latin1') ?? '').not.toContain('PLAIN')
    expect(await heard(world)).toContain('PLAIN')
  })
})

describe('a certificate of the client', () => {
  test('is not asked for with verify_none', async () => {
    const stranger = await makeIdentity({ name: 'CN=stranger' })
    expect(await heard(await open(), own(stranger))).toContain('PLAIN')
  })

  test.each([
    ['where it is required', REQUIRE, undefined],
    ['where it is not', VERIFY, 'PLAIN'],
  ])('may be missing %s: %s', async (_where, conf, expected) => {
    expect((await heard(await open(conf)))?.match(/PLAIN/)?.[0]).toBe(expected)
  })

  test.each([VERIFY, REQUIRE])('must be of the authority, and hold: %j', async conf => {
    const world = await open(conf)
    const other = await makeIdentity({ name: 'CN=Other', isAuthority: true })
    const good = await makeIdentity({ name: 'CN=joe', signer: authority })
    const strange = await makeIdentity({ name: 'CN=joe', signer: other })
    const expired = await makeIdentity({ name: 'CN=joe', signer: authority, validForDays: -1 })
    expect(await heard(world, own(good))).toContain('PLAIN')
    expect(await heard(world, own(strange))).toBeUndefined()
    expect(await heard(world, own(expired))).toBeUndefined()
  })

  test('may be of an authority below that of ours, which the client brings along', async () => {
    const middle = await makeIdentity({ name: 'CN=Middle', signer: authority, isAuthority: true })
    const joe = await makeIdentity({ name: 'CN=joe', signer: middle })
    expect(await heard(await open(REQUIRE), own(joe))).toContain('PLAIN')
  })

  test('must be signed by one that is listed, where the depth is 0', async () => {
    const middle = await makeIdentity({ name: 'CN=Middle', signer: authority, isAuthority: true })
    const clients = [authority, middle].map(signer => makeIdentity({ name: 'CN=joe', signer }))
    const [above, below] = await Promise.all(clients)
    const conf = `${REQUIRE}ssl_options.depth = 0\n`
    const world = await open(conf)
    expect(await heard(world, own(above!))).toContain('PLAIN')
    expect(await heard(world, own(below!))).toBeUndefined()
    const both = { ...authority, certPem: `${authority.certPem}${middle.certPem}` }
    const { ca } = writeFiles(join(folder, 'both'), authority, both)
    const wider = await open(`${conf}ssl_options.cacertfile = ${ca}`)
    expect(await heard(wider, own(below!))).toContain('PLAIN')
  })

  test('is a login by EXTERNAL, under its common name', async () => {
    const world = await open(`${REQUIRE}auth_mechanisms.1 = EXTERNAL\nssl_cert_login_from = common_name`)
    const { definitions } = world.broker
    const joe = { name: 'joe', passwordHash: hashPassword('x'), hashingAlgorithm: 'rabbit_password_hashing_sha256' }
    definitions.put('user', { ...joe, tags: [], limits: {} } as never, { durable: true })
    const rights = { user: 'joe', vhost: '/', configure: '.*', write: '.*', read: '.*' }
    definitions.put('permission', rights, { durable: true })
    const socketOptions = (identity: Identity) => ({
      ca: [Buffer.from(authority.certPem)],
      cert: Buffer.from(identity.certPem),
      key: Buffer.from(identity.keyPem),
      servername: 'broker.example',
      credentials: credentials.external(),
    })
    const certificate = await makeIdentity({ name: 'O=Example, CN=joe', signer: authority })
    const connection = await connect(url(world), socketOptions(certificate))
    const { user, authMechanism, origin } = [...world.broker.connections.values()][0]!
    expect([user, authMechanism, origin.tls?.peer?.subject]).toEqual(['joe', 'EXTERNAL', 'CN=joe,O=Example'])
    await connection.close()
    const eve = await makeIdentity({ name: 'CN=eve', signer: authority })
    await expect(connect(url(world), socketOptions(eve))).rejects.toThrow('403')
  })
})

describe('the certificate of the server', () => {
  /** The name in the certificate that a client is met with. */
  async function met(world: ListeningWorld, servername: string): Promise<string> {
    const { socket, answer } = callTls(world.port('amqp/ssl'), { servername, rejectUnauthorized: false })
    await answer
    const { subject } = (socket as tls.TLSSocket).getPeerCertificate()
    socket.destroy()
    return subject.CN as string
  }

  test('is chosen by the host name that the client asks for', async () => {
    const conf: string[] = []
    for (const host of ['one.example', '*.many.example']) {
      const one = writeFiles(
        join(folder, host),
        await makeIdentity({ name: `CN=${host}`, signer: authority }),
        authority,
      )
      conf.push(`ssl_options.sni.${host}.certfile = ${one.cert}`, `ssl_options.sni.${host}.keyfile = ${one.key}`)
    }
    const world = await open(conf.join('\n'))
    expect(await met(world, 'One.Example')).toBe('one.example')
    expect(await met(world, 'a.many.example')).toBe('*.many.example')
    expect(await met(world, 'many.example')).toBe('broker.example')
    expect(await met(world, 'b.a.many.example')).toBe('broker.example')
  })
})

describe('files', () => {
  const conf = (of: Files, password: string): string =>
    [
      '',
      `ssl_options.certfile = ${of.cert}`,
      `ssl_options.keyfile = ${of.key}`,
      `ssl_options.password = ${password}`,
    ].join('\n')

  async function encrypted(): Promise<Files> {
    const { certPem, keyPem } = await serverIdentity()
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 's3cret' } as const
    const locked = String(createPrivateKey(keyPem).export(cipher))
    return writeFiles(join(folder, 'encrypted'), { certPem, keyPem: locked }, authority)
  }

  test('of an encrypted key are opened with the password', async () => {
    expect(await heard(await open(conf(await encrypted(), 's3cret')))).toContain('PLAIN')
  })

  test('that do not work stop the start, and are named', async () => {
    const locked = await encrypted()
    await expect(open(conf(locked, 'guess'))).rejects.toThrow(locked.key)
    await expect(open(conf({ ...locked, key: files.key }, ''))).rejects.toThrow(/cert\.pem with .*key values mismatch/)
    await expect(open(conf({ ...locked, cert: '/missing' }, 's3cret'))).rejects.toThrow('cannot read /missing: ENOENT')
  })
})

test('the management API is served over TLS, and then not without it unless asked', async () => {
  const conf = (key: string): string => `management.ssl.${key}\n`
  const tlsConf = ['port = 0', 'ip = 127.0.0.1', `certfile = ${files.cert}`, `keyfile = ${files.key}`]
    .map(conf)
    .join('')
  const world = await open(tlsConf)
  expect(world.broker.listening.map(({ protocol }) => protocol)).toEqual(['amqp', 'amqp/ssl', 'http', 'https'])
  const status = (path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const to = { ca: authority.certPem, servername: 'broker.example', port: world.port('https'), host: '127.0.0.1' }
      https
        .get({ ...to, path, auth: 'guest:guest' }, answer => {
          answer.resume()
          resolve(answer.statusCode)
        })
        .on('error', reject)
    })
  expect(await status('/api/overview')).toBe(200)
  expect(await status('/api/health/checks/certificate-expiration/1/weeks')).toBe(200)
  expect(await status('/api/health/checks/certificate-expiration/20/years')).toBe(503)
})
