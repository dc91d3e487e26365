/** The management API over a real broker, resource by resource. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../../../test/management/world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
afterEach(() => expect(world.errors).toEqual([]))

const get = async (path: string, user?: string) => (await world.request('GET', path, undefined, user)).body
const status = async (method: string, path: string, body?: unknown, user?: string) =>
  (await world.request(method, path, body, user)).status

describe('virtual hosts', () => {
  test('are made, described, listed and removed with all that is in them', async () => {
    expect(await status('PUT', '/api/vhosts/v%2F1', { description: 'one', tags: 'a,b' })).toBe(201)
    expect(await status('PUT', '/api/vhosts/v%2F1', { description: 'two' })).toBe(204)
    expect(await get('/api/vhosts/v%2F1')).toMatchObject({
      name: 'v/1',
      description: 'two',
      tags: ['a', 'b'],
      messages: 0,
    })
    await world.request('PUT', '/api/queues/v%2F1/q', {})
    expect((await get('/api/vhosts')).map((vhost: { name: string }) => vhost.name)).toContain('v/1')
    expect(await status('PUT', '/api/vhosts/v%2F1', { default_queue_type: 'bogus' })).toBe(400)
    expect(await status('PUT', '/api/vhosts/v%2F1', { default_queue_type: 'rabbit_quorum_queue' })).toBe(204)
    expect(await status('PUT', '/api/vhosts/v%2F1', {})).toBe(204)
    expect(await get('/api/vhosts/v%2F1')).toMatchObject({ default_queue_type: 'quorum' })
    expect(await status('DELETE', '/api/vhosts/v%2F1')).toBe(204)
    expect(await status('DELETE', '/api/vhosts/v%2F1')).toBe(404)
    expect(await status('GET', '/api/queues/v%2F1')).toBe(404)
  })
})

describe('users and permissions', () => {
  test('a user is made, changed without a new password, and removed with their permissions', async () => {
    expect(await status('PUT', '/api/users/ann', { password: 'ann', tags: 'management' })).toBe(201)
    expect(await status('PUT', '/api/users/ann', { tags: 'monitoring' })).toBe(204)
    expect(await get('/api/whoami', 'ann')).toEqual({ name: 'ann', tags: ['monitoring'] })
    expect(await get('/api/users/ann')).toMatchObject({
      name: 'ann',
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['monitoring'],
      limits: {},
    })
    const permission = { configure: '.*', write: '.*', read: '^x' }
    expect(await status('PUT', '/api/permissions/%2F/ann', permission)).toBe(201)
    expect(await status('PUT', '/api/permissions/%2F/ann', permission)).toBe(204)
    expect(await get('/api/permissions/%2F/ann')).toEqual({ user: 'ann', vhost: '/', ...permission })
    expect(await get('/api/users/ann/permissions')).toHaveLength(1)
    const topic = { exchange: 'amq.topic', write: '^a', read: '.*' }
    expect(await status('PUT', '/api/topic-permissions/%2F/ann', topic)).toBe(201)
    expect(await get('/api/topic-permissions/%2F/ann')).toEqual([{ user: 'ann', vhost: '/', ...topic }])
    expect(await status('DELETE', '/api/topic-permissions/%2F/ann/amq.fanout')).toBe(404)
    expect(await status('DELETE', '/api/topic-permissions/%2F/ann/amq.topic')).toBe(204)
    expect(await status('DELETE', '/api/topic-permissions/%2F/ann')).toBe(404)
    expect(await status('DELETE', '/api/users/ann')).toBe(204)
    expect([await status('GET', '/api/permissions/%2F/ann'), await status('GET', '/api/users/ann')]).toEqual([404, 404])
    expect(await get('/api/vhosts/%2F/topic-permissions')).toEqual([])
  })

  test.each([
    ['/api/users/x', { password: 'x' }, 'tags is missing'],
    ['/api/users/x', { password: 'x', password_hash: 'y', tags: '' }, 'password and password_hash should not both'],
    ['/api/permissions/%2F/nobody', { configure: '', write: '', read: '' }, "user 'nobody' does not exist"],
    ['/api/permissions/%2F/guest', { configure: '(', write: '', read: '' }, 'configure should be a regular expression'],
    ['/api/permissions/%2F/guest', { configure: '' }, 'write is missing'],
  ])('PUT %s %j is refused: %s', async (path, body, reason) => {
    const answer = await world.request('PUT', path, body)
    expect(answer.status).toBe(400)
    expect(answer.body.reason).toContain(reason)
  })
})

describe('queues', () => {
  test('are made once, shown, and removed', async () => {
    const body = { durable: true, arguments: { 'x-max-length': 5 } }
    expect(await status('PUT', '/api/queues/%2F/q1', body)).toBe(201)
    expect(await status('PUT', '/api/queues/%2F/q1', body)).toBe(204)
    expect(await get('/api/queues/%2F/q1')).toMatchObject({
      name: 'q1',
      vhost: '/',
      durable: true,
      auto_delete: false,
      exclusive: false,
      arguments: { 'x-max-length': 5 },
      type: 'classic',
      node: 'warren@test',
      state: 'running',
      messages: 0,
      messages_details: { rate: 0 },
      consumers: 0,
      policy: null,
      message_stats: { publish: 0, publish_details: { rate: 0 } },
      consumer_details: [],
    })
    expect(await status('DELETE', '/api/queues/%2F/q1')).toBe(204)
    expect(await status('DELETE', '/api/queues/%2F/q1')).toBe(404)
  })

  test.each([
    ['other arguments than before', 'fixed', { arguments: { 'x-max-length': 2 } }, 'inequivalent arg'],
    ['a bad argument', 'bad', { arguments: { 'x-message-ttl': -1 } }, "invalid arg 'x-message-ttl'"],
    ['a reserved name', 'amq.mine', {}, 'reserved prefix'],
    ['a long name', 'x'.repeat(256), {}, 'name is longer than 255 bytes'],
  ])('a declaration with %s is refused', async (_, name, body, reason) => {
    await world.request('PUT', '/api/queues/%2F/fixed', { arguments: { 'x-max-length': 1 } })
    const answer = await world.request('PUT', `/api/queues/%2F/${name}`, body)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.body.reason).toContain(reason)
  })

  test.each([
    ['sync', {}, 204],
    ['cancel_sync', {}, 204],
    ['an unknown action', { action: 'foo' }, 400],
    ['no action', { action: undefined }, 400],
  ])('answer to %s', async (action, body, code) => {
    await world.request('PUT', '/api/queues/%2F/acted', {})
    expect(await status('POST', '/api/queues/%2F/acted/actions', { action, ...body })).toBe(code)
    expect(await status('POST', '/api/queues/%2F/missing/actions', { action, ...body })).toBe(404)
    await world.request('DELETE', '/api/queues/%2F/acted')
  })

  test('are removed only when empty if the request says so', async () => {
    await world.request('PUT', '/api/queues/%2F/full', {})
    await world.request('POST', '/api/exchanges/%2F/amq.default/publish', { ...MESSAGE, routing_key: 'full' })
    expect((await world.request('DELETE', '/api/queues/%2F/full?if-empty=true')).body.reason).toContain('not empty')
    expect(await status('DELETE', '/api/queues/%2F/full')).toBe(204)
  })
})

const MESSAGE = { routing_key: 'q', properties: {}, payload: 'x', payload_encoding: 'string' }
const GET_ONE = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }

describe('messages', () => {
  test('are published, looked at, taken and purged', async () => {
    await world.request('PUT', '/api/queues/%2F/box', {})
    const properties = { delivery_mode: 2, content_type: 'text/plain', headers: { n: 1, list: ['a'] }, timestamp: 5 }
    const message = { routing_key: 'box', payload: 'hello', payload_encoding: 'string', properties }
    const publish = async (body: unknown) =>
      (await world.request('POST', '/api/exchanges/%2F/amq.default/publish', body)).body
    expect(await publish(message)).toEqual({ routed: true })
    expect(await publish({ ...message, payload: '/w==', payload_encoding: 'base64' })).toEqual({ routed: true })
    expect(await publish({ ...message, routing_key: 'nowhere' })).toEqual({ routed: false })
    const take = async (body: unknown) => (await world.request('POST', '/api/queues/%2F/box/get', body)).body
    const looked = await take({ count: 5, ackmode: 'ack_requeue_true', encoding: 'auto', truncate: 3 })
    expect(looked).toEqual([
      {
        payload: 'hel',
        payload_bytes: 5,
        payload_encoding: 'string',
        redelivered: false,
        exchange: '',
        routing_key: 'box',
        message_count: 1,
        properties,
      },
      expect.objectContaining({ payload: '/w==', payload_encoding: 'base64', payload_bytes: 1, message_count: 0 }),
    ])
    expect(await take({ count: 1, ackmode: 'ack_requeue_false', encoding: 'base64' })).toMatchObject([
      { payload: 'aGVsbG8=', redelivered: true, message_count: 1 },
    ])
    expect(await get('/api/queues/%2F/box')).toMatchObject({ messages: 1, messages_ready: 1, message_bytes: 1 })
    expect(await status('DELETE', '/api/queues/%2F/box/contents')).toBe(204)
    expect(await take(GET_ONE)).toEqual([])
  })

  test('of several frames keep every byte', async () => {
    await world.request('PUT', '/api/queues/%2F/large', {})
    const payload = 'abcdefghij'.repeat(40_000)
    await world.request('POST', '/api/exchanges/%2F/amq.default/publish', { ...MESSAGE, routing_key: 'large', payload })
    const [message] = (await world.request('POST', '/api/queues/%2F/large/get', GET_ONE)).body
    expect(message.payload === payload).toBe(true)
  })

  test.each([
    [{ payload: 'x', properties: { colour: 'red' } }, 'property colour is not known'],
    [{ payload: 'x', properties: { priority: 256 } }, 'priority should be a whole number up to 255'],
    [{ payload: 'x', properties: { expiration: '1s' } }, `invalid expiration '1s': {leftover_string,"s"}`],
    [{ payload: 'x', payload_encoding: 'rot13' }, 'payload_encoding should be string or base64'],
    [{ payload: undefined }, '[{key_missing,payload}]'],
  ])('%j is not published', async (body, reason) => {
    const answer = await world.request('POST', '/api/exchanges/%2F/amq.default/publish', { ...MESSAGE, ...body })
    expect(answer).toMatchObject({ status: 400, body: { reason } })
  })

  test.each([
    { ackmode: 'maybe' },
    { ackmode: undefined },
    { count: 100_000 },
    { count: -1 },
    { count: undefined },
    { encoding: 'x' },
    { encoding: undefined },
  ])('a get with %j is refused', async body => {
    await world.request('PUT', '/api/queues/%2F/box', {})
    expect(await status('POST', '/api/queues/%2F/box/get', { ...GET_ONE, ...body })).toBe(400)
  })
})

describe('exchanges and bindings', () => {
  test('are made, listed from both ends, and removed', async () => {
    expect(await status('PUT', '/api/exchanges/%2F/ex', { type: 'topic' })).toBe(201)
    expect(await status('PUT', '/api/exchanges/%2F/ex', { type: 'topic' })).toBe(204)
    expect((await world.request('PUT', '/api/exchanges/%2F/ex', { type: 'fanout' })).status).toBe(400)
    expect((await world.request('PUT', '/api/exchanges/%2F/odd', { type: 'odd' })).status).toBe(400)
    await world.request('PUT', '/api/queues/%2F/bound', {})
    const bound = await world.request('POST', '/api/bindings/%2F/e/ex/q/bound', {
      routing_key: 'a.#',
      arguments: { x: 1 },
    })
    expect(bound.status).toBe(201)
    expect(bound.headers['location']).toMatch(/^\.\.\/\.\.\/\.\.\/\.\.\/%2F\/e\/ex\/q\/bound\/a\.%2523~/)
    await world.request('POST', '/api/bindings/%2F/e/ex/q/bound', {})
    const bindings = await get('/api/bindings/%2F/e/ex/q/bound')
    expect(bindings).toMatchObject([
      { source: 'ex', destination: 'bound', destination_type: 'queue', routing_key: 'a.#', arguments: { x: 1 } },
      { routing_key: '', properties_key: '~' },
    ])
    expect(await get('/api/exchanges/%2F/ex/bindings/source')).toEqual(bindings)
    expect(await get('/api/queues/%2F/bound/bindings')).toMatchObject([{ source: '', routing_key: 'bound' }, {}, {}])
    const path = `/api/bindings/%2F/e/ex/q/bound/${encodeURIComponent(bindings[0].properties_key)}`
    expect(await get(path)).toEqual(bindings[0])
    expect(await status('DELETE', path)).toBe(204)
    expect(await status('DELETE', path)).toBe(404)
    expect(await status('DELETE', '/api/exchanges/%2F/ex?if-unused=true')).toBe(400)
    expect(await status('DELETE', '/api/exchanges/%2F/ex')).toBe(204)
    expect(await get('/api/queues/%2F/bound/bindings')).toHaveLength(1)
  })

  test('an exchange is bound to another', async () => {
    expect(await status('POST', '/api/bindings/%2F/e/amq.topic/e/amq.fanout', { routing_key: 'k' })).toBe(201)
    expect(await get('/api/exchanges/%2F/amq.fanout/bindings/destination')).toMatchObject([{ source: 'amq.topic' }])
    expect(await status('DELETE', '/api/bindings/%2F/e/amq.topic/e/amq.fanout/k')).toBe(204)
  })

  test.each([
    ['DELETE', '/api/exchanges/%2F/amq.direct', 401],
    ['DELETE', '/api/exchanges/%2F/amq.default', 401],
    ['POST', '/api/bindings/%2F/e/amq.default/q/box', 401],
    ['POST', '/api/bindings/%2F/e/none/q/box', 404],
    ['GET', '/api/bindings/%2F/e/none/q/box', 404],
    ['GET', '/api/exchanges/%2F/none', 404],
  ])('%s %s is %d', async (method, path, expected) => {
    expect(await status(method, path, method === 'POST' ? {} : undefined)).toBe(expected)
  })

  test('the exchanges that are always there are listed', async () => {
    const names = (await get('/api/exchanges/%2F')).map((exchange: { name: string }) => exchange.name)
    expect(names).toEqual(expect.arrayContaining(['', 'amq.direct', 'amq.fanout', 'amq.topic', 'amq.headers']))
  })
})

describe('policies and parameters', () => {
  test('a policy is in force at once, and the operator limits it', async () => {
    await world.request('PUT', '/api/queues/%2F/limited', {})
    const policy = { pattern: '^limited$', 'apply-to': 'queues', definition: { 'max-length': 5, 'message-ttl': 1000 } }
    expect(await status('PUT', '/api/policies/%2F/p', policy)).toBe(201)
    const operator = { pattern: '^limited$', 'apply-to': 'queues', priority: 2, definition: { 'max-length': 3 } }
    expect(await status('PUT', '/api/operator-policies/%2F/op', operator)).toBe(201)
    expect(await get('/api/queues/%2F/limited')).toMatchObject({
      policy: 'p',
      operator_policy: 'op',
      effective_policy_definition: { 'max-length': 3, 'message-ttl': 1000 },
    })
    expect(await get('/api/policies/%2F/p')).toEqual({ vhost: '/', name: 'p', priority: 0, ...policy })
    expect(await status('DELETE', '/api/policies/%2F/p')).toBe(204)
    expect(await status('DELETE', '/api/operator-policies/%2F/op')).toBe(204)
    expect(await get('/api/policies')).toEqual([])
    expect(await get('/api/queues/%2F/limited')).toMatchObject({ policy: null, effective_policy_definition: {} })
  })

  test('a bad policy is refused in the words of RabbitMQ', async () => {
    const answer = await world.request('PUT', '/api/policies/%2F/p', { pattern: '.*', definition: { foo: 1 } })
    const reason = 'Validation failed\n\n[<<"foo">>] are not recognised policy settings\n'
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request', reason } })
  })

  test('parameters are kept, of a virtual host or global', async () => {
    const limits = { vhost: '/', component: 'vhost-limits', name: 'limits', value: { 'max-queues': 1000 } }
    expect(await status('PUT', '/api/parameters/vhost-limits/%2F/limits', limits)).toBe(201)
    expect(await get('/api/parameters/vhost-limits')).toEqual([limits])
    expect(await status('PUT', '/api/global-parameters/g', { value: 'x' })).toBe(201)
    expect(await get('/api/global-parameters')).toEqual([{ name: 'g', value: 'x' }])
    expect(await get('/api/parameters')).toHaveLength(1)
    expect(await status('DELETE', '/api/parameters/vhost-limits/%2F/limits')).toBe(204)
    expect(await status('DELETE', '/api/global-parameters/g')).toBe(204)
    expect(await status('DELETE', '/api/global-parameters/g')).toBe(404)
  })

  test.each([
    ['shovel', 'Validation failed\n\ncomponent shovel not found\n'],
    ['policy', 'policies may not be set using this method'],
  ])('a parameter of %s, which nothing here reads, is refused', async (component, reason) => {
    const answer = await world.request('PUT', `/api/parameters/${component}/%2F/p`, { value: {} })
    expect(answer).toMatchObject({ status: 400, body: { reason } })
  })
})

describe('definitions', () => {
  test('go out and come in again: nothing changes the second time', async () => {
    const file = {
      vhosts: [{ name: 'imported' }],
      users: [{ name: 'importer', password_hash: '', tags: ['management'] }],
      permissions: [{ user: 'importer', vhost: 'imported', configure: '', write: '', read: '' }],
      exchanges: [{ vhost: 'imported', name: 'e', type: 'direct' }],
      queues: [{ vhost: 'imported', name: 'q', arguments: { 'x-message-ttl': 5 } }],
      bindings: [{ vhost: 'imported', source: 'e', destination: 'q', destination_type: 'queue', routing_key: 'k' }],
      policies: [{ vhost: 'imported', name: 'p', pattern: '', definition: { 'max-length': 1 } }],
    }
    expect(await status('POST', '/api/definitions', file)).toBe(204)
    expect(await get('/api/queues/imported/q')).toMatchObject({ policy: 'p', arguments: { 'x-message-ttl': 5 } })
    const exported = await get('/api/definitions')
    expect(await status('POST', '/api/definitions', exported)).toBe(204)
    expect(await get('/api/definitions')).toEqual(exported)
    const own = await get('/api/definitions/imported')
    expect(own).toMatchObject({ queues: [{ name: 'q' }], bindings: [{ source: 'e' }] })
    await world.request('PUT', '/api/vhosts/copy')
    expect(await status('POST', '/api/definitions/copy', own)).toBe(204)
    expect(await get('/api/definitions/copy')).toEqual(own)
  })

  test.each([
    [{ exchanges: [{ vhost: '/', name: 'bad', type: 'odd' }] }, "unknown exchange type 'odd'"],
    [{ exchanges: [{ vhost: '/', name: 'amq.bad', type: 'direct' }] }, "the name 'amq.bad' is reserved"],
    [{ queues: [{ vhost: '/', name: 'bad', arguments: { 'x-expires': 0 } }] }, "invalid arg 'x-expires'"],
  ])('%j is refused, and with it everything in the file', async (file, reason) => {
    const answer = await world.request('POST', '/api/definitions', { vhosts: [{ name: 'never' }], ...file })
    expect(answer.status).toBe(400)
    expect(answer.body.reason).toContain(reason)
    expect(await status('GET', '/api/vhosts/never')).toBe(404)
  })
})
