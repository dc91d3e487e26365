/** Who may do what, and who is who they say they are. */
import { describe, expect, test } from 'vitest'
import { Definitions } from '../definitions/definitions.ts'
import { hashPassword, isPasswordRight } from '../definitions/passwords.ts'
import { Access } from './access.ts'
import { AccessRefused } from './access-refused.ts'

/** Ways without end for who tries them all. */
const HOSTILE = ['(a*)*!', '(?i)(A+)+!', '(?!(a+)+!)(a|aa)+!', '(a*)*\\1!', '((?=(a+))\\2)+!']

function setup() {
  const definitions = new Definitions({ append: () => undefined, whenStable: done => done() })
  const access = new Access(definitions, { loopbackUsers: { guest: true, other: false } })
  const addUser = (name: string, password: string): void => {
    const passwordHash = password === '' ? '' : hashPassword(password)
    const user = { name, passwordHash, hashingAlgorithm: 'rabbit_password_hashing_sha256' as const }
    definitions.put('user', { ...user, tags: [], limits: {} }, { durable: true })
  }
  const permit = (user: string, configure: string, write = '.*', read = '.*'): void => {
    definitions.put('permission', { user, vhost: '/', configure, write, read }, { durable: true })
  }
  return { definitions, access, addUser, permit }
}

describe('authenticate', () => {
  test('answers the user for the right password', () => {
    const { access, addUser } = setup()
    addUser('bob', 'pässword')
    expect(access.authenticate('bob', 'pässword', '10.0.0.1').name).toBe('bob')
  })

  test.each([
    ['bob', 'wrong', "user 'bob' - invalid credentials"],
    ['bob', '', "user 'bob' - invalid credentials"],
    ['nobody', 'right', "user 'nobody' - invalid credentials"],
    ['nopass', '', "user 'nopass' - invalid credentials"],
    ['nopass', 'x', "user 'nopass' - invalid credentials"],
  ])('refuses %s with %j', (name, password, reason) => {
    const { access, addUser } = setup()
    addUser('bob', 'right')
    addUser('nopass', '')
    expect(() => access.authenticate(name, password, '127.0.0.1')).toThrow(new AccessRefused(reason, name))
  })

  test.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.127.0.1', false],
    ['::ffff:10.0.0.1', false],
  ])('guest from %s: %s', (address, isLetIn) => {
    const { access, addUser } = setup()
    addUser('guest', 'guest')
    const login = (): string => access.authenticate('guest', 'guest', address).name
    if (isLetIn) expect(login()).toBe('guest')
    else expect(login).toThrow("user 'guest' can only connect via localhost")
  })

  test('a user whose restriction is switched off comes from anywhere', () => {
    const { access, addUser } = setup()
    addUser('other', 'x')
    expect(access.authenticate('other', 'x', '10.0.0.1').name).toBe('other')
  })
})

describe('permissions', () => {
  test.each([
    ['.*', 'orders', true],
    ['', 'orders', false],
    ['', '', false],
    ['^$', '', false],
    ['^amq\\.default$', '', true],
    ['ord', 'my-orders', true],
    ['^orders$', 'orders2', false],
    ['(?i)^ORDERS$', 'orders', true],
  ])('pattern %j over name %j: %s', (pattern, name, expected) => {
    const { access, permit } = setup()
    permit('bob', pattern)
    expect(access.can('bob', '/', 'configure', name)).toBe(expected)
  })

  test.each(HOSTILE)('a pattern that takes too long permits nothing: %s', pattern => {
    const { access, permit, definitions } = setup()
    permit('bob', pattern)
    expect(access.can('bob', '/', 'configure', 'a'.repeat(255))).toBe(false)
    const topic = { user: 'bob', vhost: '/', exchange: 'amq.topic' }
    definitions.put('topicPermission', { ...topic, write: `^{username}${pattern}`, read: '' }, { durable: true })
    expect(access.canTopic(topic, 'write', `bob${'a'.repeat(252)}`)).toBe(false)
  })

  test('a stored pattern that is none permits nothing', () => {
    const { access, permit } = setup()
    permit('bob', '(?<=a+)b')
    expect(access.can('bob', '/', 'configure', 'ab')).toBe(false)
  })

  test('are none without an entry for user and virtual host', () => {
    const { access, permit } = setup()
    permit('bob', '.*')
    expect([access.can('eve', '/', 'read', 'q'), access.can('bob', 'other', 'read', 'q')]).toEqual([false, false])
    expect([access.canEnter('bob', '/'), access.canEnter('bob', 'other')]).toEqual([true, false])
  })

  test('a change holds at once and moves the version', () => {
    const { access, permit, definitions } = setup()
    permit('bob', '.*')
    expect(access.can('bob', '/', 'configure', 'q')).toBe(true)
    const { version } = access
    permit('bob', '^$')
    expect(access.can('bob', '/', 'configure', 'q')).toBe(false)
    expect(access.version).toBeGreaterThan(version)
    definitions.remove('permission', ['/', 'bob'])
    expect(access.canEnter('bob', '/')).toBe(false)
  })

  test('topic permissions restrict routing keys, with variables, and only where there are some', () => {
    const { access, definitions } = setup()
    const topic = { user: 'b.b$&', vhost: '/', exchange: 'amq.topic' }
    expect(access.canTopic(topic, 'write', 'anything')).toBe(true)
    definitions.put('topicPermission', { ...topic, write: '^{username}\\.', read: '' }, { durable: true })
    expect(access.canTopic(topic, 'write', 'b.b$&.x')).toBe(true)
    expect(access.canTopic(topic, 'write', 'bxb$&.x')).toBe(false)
    expect(access.canTopic(topic, 'read', 'x')).toBe(false)
    expect(access.canTopic({ ...topic, exchange: 'other' }, 'write', 'x')).toBe(true)
  })
})

describe('password hashes', () => {
  const salt = Buffer.from('908dc60a', 'hex')

  test.each(knownHashes())('%s of a known salt is as RabbitMQ computes it', (algorithm, passwordHash) => {
    expect(hashPassword('test12', algorithm, salt)).toBe(passwordHash)
    expect(isPasswordRight({ passwordHash, hashingAlgorithm: algorithm }, 'test12')).toBe(true)
    expect(isPasswordRight({ passwordHash, hashingAlgorithm: algorithm }, 'test13')).toBe(false)
  })

  test('the same password is stored differently each time', () => {
    expect(hashPassword('x')).not.toBe(hashPassword('x'))
  })

  test('a hash of another length is refused, not compared', () => {
    const user = { passwordHash: 'AAAAAAAA', hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
    expect(isPasswordRight(user, 'x')).toBe(false)
  })
})

/** Computed with `openssl dgst` over the bytes of salt and password. */
function knownHashes() {
  return [
    ['rabbit_password_hashing_sha256', 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'],
    [
      'rabbit_password_hashing_sha512',
      'kI3GChuNuIYf8lRbCCxZjgjKwsY19ns6+uFO0zcXRBGA/XGJPYD8OWMy7EB8TaOmAzjP2azv84GbINYwX2cDWb4DHnc=',
    ],
    ['rabbit_password_hashing_md5', 'kI3GChNpte2FApYFXScl+0dIluk='],
  ] as const
}
