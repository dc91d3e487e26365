/** Who may log in how, and as whom. */
import { describe, expect, test } from 'vitest'
import { Access } from '../access/access.ts'
import { loadConfig } from '../config/config.ts'
import { Definitions } from '../definitions/definitions.ts'
import { hashPassword } from '../definitions/passwords.ts'
import type { Origin } from '../transport/origin.ts'
import { encodeTable } from '../wire/field-table.ts'
import { Writer } from '../wire/writer.ts'
import { logIn, mechanismsFor, parseLogin } from './login.ts'

const ENDS = { peerHost: '10.0.0.1', peerPort: 1, host: '10.0.0.2', port: 2 }
const NOBODY: Origin = { ...ENDS, tls: undefined }

/** A client of TLS; with a certificate unless the name is undefined. */
function origin(loginName: string | undefined, hasCertificate = true): Origin {
  const peer = { subject: 'CN=x', issuer: 'CN=y', validity: '', loginName }
  return { ...ENDS, tls: { protocol: 'tlsv1.3', cipher: '', peer: hasCertificate ? peer : undefined } }
}

function setup(conf: string) {
  const config = loadConfig({ argv: ['--config', 'c'], env: {}, readFile: () => conf })
  const definitions = new Definitions({ append: () => undefined, whenStable: done => done() })
  for (const name of ['joe', 'guest']) {
    const user = { name, passwordHash: hashPassword('s3cret'), hashingAlgorithm: 'rabbit_password_hashing_sha256' }
    definitions.put('user', { ...user, tags: [], limits: {} } as never, { durable: true })
  }
  return { config, access: new Access(definitions, config) }
}

describe('offered', () => {
  test.each<[string, Origin, string]>([
    ['', NOBODY, 'AMQPLAIN PLAIN'],
    ['', origin('joe'), 'AMQPLAIN PLAIN'],
    ['auth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = EXTERNAL', NOBODY, 'PLAIN'],
    ['auth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = EXTERNAL', origin('joe'), 'EXTERNAL PLAIN'],
    ['auth_mechanisms.1 = EXTERNAL', origin(undefined, false), 'EXTERNAL'],
    ['anonymous_login_user = joe', NOBODY, 'AMQPLAIN ANONYMOUS PLAIN'],
    ['anonymous_login_user = joe\nauth_mechanisms.1 = PLAIN', NOBODY, 'PLAIN'],
  ])('%j to %j: %s', (conf, to, expected) => {
    expect(mechanismsFor(setup(conf).config, to).join(' ')).toBe(expected)
  })
})

describe('a client', () => {
  const external = { mechanism: 'EXTERNAL', response: Buffer.alloc(0) }
  const conf = 'auth_mechanisms.1 = EXTERNAL\nauth_mechanisms.2 = PLAIN'

  test('is who its certificate says', () => {
    expect(logIn(setup(conf), origin('joe'), external).name).toBe('joe')
  })

  test.each<[string, Origin]>([
    ["user 'eve' - invalid credentials", origin('eve')],
    ["user 'guest' can only connect via localhost", origin('guest')],
    ['the client shows no certificate that was verified', origin(undefined, false)],
    ['the certificate has no name to log in with', origin(undefined)],
  ])('is refused: %s', (reason, from) => {
    expect(() => logIn(setup(conf), from, external)).toThrow(reason)
  })

  test('is nobody special by ANONYMOUS, if the password is right', () => {
    const anonymous = { mechanism: 'ANONYMOUS', response: Buffer.from('trace') }
    const parts = setup('anonymous_login_user = joe\nanonymous_login_pass = s3cret')
    expect(logIn(parts, NOBODY, anonymous).name).toBe('joe')
    expect(() => logIn(setup('anonymous_login_user = joe'), NOBODY, anonymous)).toThrow('invalid credentials')
  })

  test.each<[string, string, Origin]>([
    ['EXTERNAL', conf, NOBODY],
    ['EXTERNAL', '', origin('joe')],
    ['ANONYMOUS', '', NOBODY],
    ['AMQPLAIN', conf, NOBODY],
    ['SCRAM', '', NOBODY],
  ])('that answers with %s, which it was not offered, is refused with 503', (mechanism, ofServer, from) => {
    const answered = { mechanism, response: Buffer.alloc(0) }
    expect(() => logIn(setup(ofServer), from, answered)).toThrow(expect.objectContaining({ code: 503 }))
  })
})

describe('name and password', () => {
  const amqplain = (table: { [key: string]: string | number }): Buffer => {
    const writer = new Writer()
    encodeTable(writer, table)
    return Buffer.from(writer.bytes().subarray(4))
  }

  test.each<[string, Buffer]>([
    ['PLAIN', Buffer.from('\0joe\0s3cret')],
    ['PLAIN', Buffer.from('somebody\0joe\0s3cret')],
    ['AMQPLAIN', amqplain({ LOGIN: 'joe', PASSWORD: 's3cret' })],
    ['AMQPLAIN', amqplain({ other: 1, PASSWORD: 's3cret', LOGIN: 'joe' })],
  ])('by %s', (mechanism, response) => {
    expect(parseLogin(mechanism, response)).toEqual({ name: 'joe', password: 's3cret' })
  })

  test('a password may hold anything but the end of the name', () => {
    expect(parseLogin('PLAIN', Buffer.from('\0joe\0a\0b')).password).toBe('a\0b')
  })

  test.each<[string, Buffer, number]>([
    ['PLAIN', Buffer.from('joe'), 502],
    ['PLAIN', Buffer.from('\0joe'), 502],
    ['AMQPLAIN', amqplain({ LOGIN: 'joe' }), 502],
    ['AMQPLAIN', amqplain({ LOGIN: 1, PASSWORD: 's3cret' }), 502],
    ['AMQPLAIN', Buffer.from('junk'), 501],
  ])('by %s of %j is refused with %i', (mechanism, response, code) => {
    expect(() => parseLogin(mechanism, response)).toThrow(expect.objectContaining({ code }))
  })
})
