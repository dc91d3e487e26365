/** Comparing objects with the broker: what differs makes a change, what is equal none. */

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rabbitHash } from '../../test/fake-broker.ts'
import { policyOf, queueOf, userOf } from '../../test/samples.ts'
import type { UserSpec } from '../api/user.ts'
import type { BindingInfo, DefinitionsInfo, QueueInfo, UserInfo } from '../broker-api.ts'
import { requestOf } from './change.ts'
import { passwordMatches } from './password.ts'
import { policyDifference, wantedPolicy } from './policy.ts'
import { queueDifference } from './queue.ts'
import { userDifference } from './user.ts'
import { BrokerView } from './view.ts'

const empty: DefinitionsInfo = {
  vhosts: [{ name: '/' }],
  users: [],
  permissions: [],
  topic_permissions: [],
  policies: [],
}

function viewOf(definitions: Partial<DefinitionsInfo>, queues: QueueInfo[] = [], bindings: BindingInfo[] = []) {
  return new BrokerView({ ...empty, ...definitions }, queues, bindings)
}

const plain: QueueInfo = { vhost: '/', name: 'invoices', durable: true, auto_delete: false, arguments: {} }

describe('queue', () => {
  test('one that is equal needs nothing', () => {
    expect(queueDifference(queueOf(), viewOf({}, [plain]))).toEqual({ changes: [] })
    const quorum = { ...plain, arguments: { 'x-queue-type': 'quorum' } }
    expect(queueDifference(queueOf({ type: 'quorum' }), viewOf({}, [quorum]))).toEqual({ changes: [] })
  })

  test('one that is missing is declared with its type, then bound', () => {
    const binding = { exchange: 'amq.topic', routingKey: 'a', arguments: {} }
    const difference = queueDifference(queueOf({ type: 'quorum', bindings: [binding] }), viewOf({}))
    expect(difference).toMatchObject({
      changes: [
        { do: 'declareQueue', arguments: { 'x-queue-type': 'quorum' } },
        { do: 'bind', routingKey: 'a' },
      ],
    })
  })

  test.each([
    ['spec.durable', { ...plain, durable: false }],
    ['spec.autoDelete', { ...plain, auto_delete: true }],
    ['spec.type', { ...plain, arguments: { 'x-queue-type': 'quorum' } }],
    ['spec.arguments.x-expires', { ...plain, arguments: { 'x-expires': 5 } }],
  ])('a different %s is refused by name', (field, existing) => {
    const difference = queueDifference(queueOf(), viewOf({}, [existing]))
    expect(difference).toMatchObject({ refusal: { reason: 'QueueDiffers', message: expect.stringContaining(field) } })
  })

  test('a virtual host that is not there is named', () => {
    expect(queueDifference(queueOf({ vhost: 'v' }), viewOf({}))).toMatchObject({ refusal: { reason: 'VhostMissing' } })
  })
})

test('a policy is compared field by field', () => {
  const policy = policyOf({ definition: { 'message-ttl': 5, 'dead-letter-exchange': '' } })
  const same = wantedPolicy(policy)
  expect(policyDifference(policy, viewOf({ policies: [same] }))).toEqual({ changes: [] })
  for (const other of [
    { ...same, priority: 1 },
    { ...same, pattern: 'x' },
    { ...same, 'apply-to': 'all' },
    { ...same, definition: { 'message-ttl': 5 } },
  ]) {
    expect(policyDifference(policy, viewOf({ policies: [other] }))).toEqual({
      changes: [{ do: 'putPolicy', policy: same }],
    })
  }
})

describe('user', () => {
  const stored = { name: 'shop', password_hash: rabbitHash('pw'), tags: ['a', 'b'] }

  test('tags are a set, and the password is compared by its hash', () => {
    const user = userOf({ tags: ['monitoring', 'management'] })
    const view = (tags: string[] | string) => viewOf({ users: [{ ...stored, tags }] })
    expect(userDifference(user, 'pw', view(['management', 'monitoring']), 'admin')).toEqual({ changes: [] })
    expect(userDifference(user, 'pw', view('monitoring,management'), 'admin')).toEqual({ changes: [] })
    expect(userDifference(user, 'other', view(['management', 'monitoring']), 'admin')).toMatchObject({
      changes: [{ do: 'putUser', password: 'other' }],
    })
    expect(userDifference(user, 'pw', view(['management']), 'admin')).toMatchObject({ changes: [{ do: 'putUser' }] })
  })

  test('limits are set, changed, and taken away when they are left out', () => {
    const view = (limits?: UserInfo['limits']) =>
      viewOf({ users: [{ ...stored, tags: [], ...(limits && { limits }) }] })
    const of = (limits: UserSpec['limits'], given?: UserInfo['limits']) =>
      userDifference(userOf({ limits }), 'pw', view(given), 'admin')
    expect(of({ maxConnections: 1 }, { 'max-connections': 1 })).toEqual({ changes: [] })
    expect(of({})).toEqual({ changes: [] })
    expect(of({ maxConnections: 0, maxChannels: 3 }, { 'max-channels': 2 })).toEqual({
      changes: [
        { do: 'setUserLimit', user: 'shop', limit: 'max-connections', value: 0 },
        { do: 'setUserLimit', user: 'shop', limit: 'max-channels', value: 3 },
      ],
    })
    expect(of({}, { 'max-channels': 2 })).toEqual({
      changes: [{ do: 'clearUserLimit', user: 'shop', limit: 'max-channels' }],
    })
  })

  test('permissions that are not listed are taken away', () => {
    const given = { user: 'shop', vhost: '/', configure: '', write: '', read: '' }
    const view = viewOf({ users: [{ ...stored, tags: [] }], permissions: [given] })
    expect(userDifference(userOf(), 'pw', view, 'admin')).toEqual({
      changes: [{ do: 'clearPermission', user: 'shop', vhost: '/' }],
    })
    const permissions = [{ vhost: '/', configure: '', write: '', read: '.*' }]
    expect(userDifference(userOf({ permissions }), 'pw', view, 'admin')).toMatchObject({
      changes: [{ do: 'setPermission', read: '.*' }],
    })
  })
})

test('a password matches its hash of any algorithm, and no other does', () => {
  const algorithms = [
    ['rabbit_password_hashing_sha256', 'sha256'],
    ['rabbit_password_hashing_sha512', 'sha512'],
    ['rabbit_password_hashing_md5', 'md5'],
  ] as const
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.constantFrom(...algorithms), (password, other, [name, hash]) => {
      const salt = Buffer.from([9, 8, 7, 6])
      const stored = Buffer.concat([salt, createHash(hash).update(salt).update(password).digest()]).toString('base64')
      expect(passwordMatches(password, stored, name)).toBe(true)
      expect(passwordMatches(other, stored, name)).toBe(other === password)
    }),
  )
  expect(passwordMatches('', '')).toBe(false)
  expect(passwordMatches('x', rabbitHash('x'), 'unknown')).toBe(false)
})

test('names are encoded when they become paths, and secrets never do', () => {
  expect(requestOf({ do: 'deleteQueue', vhost: '/', name: 'a/b', ifEmpty: true })).toEqual({
    method: 'DELETE',
    path: ['queues', '/', 'a/b'],
    query: 'if-empty=true',
  })
  const put = requestOf({ do: 'putUser', name: 'shop', password: 'secret', tags: ['a', 'b'] })
  expect(put).toEqual({ method: 'PUT', path: ['users', 'shop'], body: { password: 'secret', tags: 'a,b' } })
  expect(requestOf({ do: 'setUserLimit', user: 'a/b', limit: 'max-channels', value: 3 })).toEqual({
    method: 'PUT',
    path: ['user-limits', 'a/b', 'max-channels'],
    body: { value: 3 },
  })
})
