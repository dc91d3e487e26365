/** The management API as a server: who may ask, in which shapes it answers. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../../test/management/world.ts'
import { LOGIN_FAILURES_MAX } from '../limits.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
afterEach(() => expect(world.errors).toEqual([]))

const get = async (path: string, user?: string) => (await world.request('GET', path, undefined, user)).body
const status = async (method: string, path: string, body?: unknown, user?: string) =>
  (await world.request(method, path, body, user)).status

describe('login', () => {
  test.each([undefined, 'Basic !!!', 'Bearer x', `Basic ${Buffer.from('guest:wrong').toString('base64')}`])(
    'without the right one (%s) the answer is 401 and asks for it',
    async authorization => {
      const response = await world.app.inject({ url: '/api/overview', headers: authorization ? { authorization } : {} })
      expect(response.statusCode).toBe(401)
      expect(response.headers['www-authenticate']).toBe('Basic realm="RabbitMQ Management"')
      expect(response.json()).toEqual({ error: 'not_authorized', reason: 'Login failed' })
    },
  )

  test('is put off when too many from an address have failed, and the answer says for how long', async () => {
    const from = (password: string) => {
      const authorization = `Basic ${Buffer.from(`guest:${password}`).toString('base64')}`
      return world.app.inject({ url: '/api/overview', headers: { authorization }, remoteAddress: '10.9.9.9' })
    }
    let response = await from('wrong')
    for (let tries = 0; response.statusCode === 401 && tries < 10 * LOGIN_FAILURES_MAX; tries++) {
      response = await from('wrong')
    }
    expect(response.statusCode).toBe(429)
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    expect(response.json().reason).toContain('Too many logins from this address have failed')
    expect(await status('GET', '/api/overview')).toBe(200)
  })

  test.each(['/api/queues/%zz', '/api/queues/%2F/%', '/api/exchanges/%2F/%ff'])(
    'a URL that says nothing is 400 in the form of all errors: %s',
    async url => {
      const response = await world.app.inject({ url })
      expect(response.statusCode).toBe(400)
      expect(response.json()).toEqual({ error: 'bad_request', reason: expect.stringContaining(url) })
    },
  )

  test.each(['/%61pi/users', '/a%70i/definitions', '/api/%75sers'])(
    'is asked for however the path is spelt: %s',
    async path => {
      expect((await world.app.inject({ url: path })).statusCode).toBe(401)
    },
  )

  test('is asked for where the whole URL is given, as to a proxy', async () => {
    await world.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = world.app.server.address() as AddressInfo
    const asked = request({ port, path: 'http://127.0.0.1/api/users' }).end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(401)
  })

  test('probes and metrics need none', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await world.app.inject({ url: path })).statusCode).toBe(200)
      expect((await world.app.inject({ url: path, method: 'HEAD' })).statusCode).toBe(200)
    }
    world.broker.isReady = false
    expect((await world.app.inject({ url: '/readyz' })).statusCode).toBe(503)
    world.broker.isReady = true
  })

  test('a method that a path lacks is 405, and the others are told', async () => {
    const { status, headers } = await world.request('PATCH', '/api/queues/%2F/q')
    expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow: 'DELETE, GET, HEAD, PUT' })
  })

  test('a path that is not there is 404', async () => {
    expect(await world.request('GET', '/api/nothing')).toMatchObject({
      status: 404,
      body: { error: 'Object Not Found', reason: 'Not Found' },
    })
  })
})

describe('tags', () => {
  beforeAll(async () => {
    for (const tag of ['monitoring', 'policymaker', 'management', 'none']) {
      await world.request('PUT', `/api/users/${tag}`, { password: tag, tags: [tag] })
    }
    await world.request('PUT', '/api/vhosts/tags')
    await world.request('PUT', '/api/permissions/tags/management', { configure: '^mine', write: '^mine', read: '' })
  })

  test.each([
    ['none', 'GET', '/api/overview', 401, 'Not management user'],
    ['management', 'GET', '/api/overview', 200, undefined],
    ['management', 'GET', '/api/users', 401, 'Not administrator user'],
    ['monitoring', 'GET', '/api/users', 401, 'Not administrator user'],
    ['monitoring', 'GET', '/api/queues/tags', 200, undefined],
    ['monitoring', 'DELETE', '/api/queues/tags/q', 401, 'User not authorised to access virtual host'],
    ['management', 'GET', '/api/queues/tags', 200, undefined],
    ['management', 'GET', '/api/nodes', 401, 'Not monitor user'],
    ['management', 'GET', '/api/queues/%2F', 401, 'User not authorised to access virtual host'],
    ['management', 'PUT', '/api/policies/tags/p', 401, 'User not authorised to access object'],
    ['policymaker', 'PUT', '/api/policies/tags/p', 401, 'User not authorised to access virtual host'],
    ['policymaker', 'PUT', '/api/operator-policies/tags/p', 401, 'Not administrator user'],
  ])('%s: %s %s is %d', async (user, method, path, expected, reason) => {
    const answer = await world.request(method, path, method === 'PUT' ? {} : undefined, user)
    expect(answer.status).toBe(expected)
    expect(answer.body.reason).toBe(reason)
  })

  test('without the administrator tag, permissions hold as over AMQP', async () => {
    expect(await status('PUT', '/api/queues/tags/other', {}, 'management')).toBe(401)
    expect(await status('PUT', '/api/queues/tags/mine', {}, 'management')).toBe(201)
    const deadLettered = { arguments: { 'x-dead-letter-exchange': 'other' } }
    expect(await status('PUT', '/api/queues/tags/mine2', deadLettered, 'management')).toBe(401)
    const answer = await world.request('POST', '/api/queues/tags/mine/get', { count: 1 }, 'management')
    expect(answer.body.reason).toMatch(/^ACCESS_REFUSED - read access to 'mine'/)
    expect(await get('/api/queues', 'management')).toMatchObject([{ name: 'mine', vhost: 'tags' }])
  })
})

describe('requests', () => {
  test('a body that is no JSON is refused', async () => {
    const answer = await world.request('PUT', '/api/queues/%2F/bad', '{')
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request', reason: 'the body is not JSON' } })
  })

  test('a body of the wrong shape is refused', async () => {
    expect((await world.request('PUT', '/api/queues/%2F/bad', '[]')).body.reason).toBe(
      'the body should be a JSON object',
    )
  })

  test('a body over the bound is refused', async () => {
    const answer = await world.request('PUT', '/api/queues/%2F/bad', `"${'x'.repeat(20_000_000)}"`)
    expect(answer).toMatchObject({ status: 413, body: { error: 'payload_too_large' } })
  })

  test('HEAD and a slash at the end are as good as GET', async () => {
    expect(await status('HEAD', '/api/overview')).toBe(200)
    expect(await status('GET', '/api/overview/')).toBe(200)
  })
})

describe('lists', () => {
  beforeAll(async () => {
    await world.request('PUT', '/api/vhosts/lists')
    for (let index = 0; index < 250; index++) await world.request('PUT', `/api/queues/lists/q${index}`, {})
  })

  test('come whole, in pieces', async () => {
    const rows = await get('/api/queues/lists')
    expect(rows.map((row: { name: string }) => row.name)).toEqual(
      Array.from({ length: 250 }, (_, index) => `q${index}`),
    )
  })

  test('come in pages', async () => {
    expect(await get('/api/queues/lists?page=3&page_size=100&columns=name')).toMatchObject({
      filtered_count: 250,
      item_count: 50,
      page: 3,
      page_count: 3,
      page_size: 100,
      total_count: 250,
    })
  })

  test.each(['page=4&page_size=100', 'page=0', 'page=x', 'page=1&page_size=501', 'name=(&use_regex=true'])(
    '?%s is refused',
    async parameters => {
      expect(await status('GET', `/api/queues/lists?${parameters}`)).toBe(400)
    },
  )

  test('are filtered by a pattern that takes too long while others have their turn', async () => {
    const pattern = encodeURIComponent(`${'(.*)'.repeat(60)}\\60!`)
    const order: string[] = []
    const filtered = get(`/api/queues/lists?use_regex=true&columns=name&name=${pattern}`)
    await Promise.all([filtered.then(() => order.push('filtered')), get('/api/whoami').then(() => order.push('other'))])
    expect([await filtered, order]).toEqual([[], ['other', 'filtered']])
  })

  test('are filtered by name, by pattern, sorted, and cut to columns', async () => {
    const path = '/api/queues/lists?columns=name,messages_details.rate&sort=name&sort_reverse=true'
    expect(await get(`${path}&name=q24`)).toEqual(
      ['q249', 'q248', 'q247', 'q246', 'q245', 'q244', 'q243', 'q242', 'q241', 'q240', 'q24'].map(name => ({
        name,
        messages_details: { rate: 0 },
      })),
    )
    const matched = await get(`${path}&name=${encodeURIComponent('^q1?$')}&use_regex=true&page=1`)
    expect(matched).toMatchObject({ filtered_count: 1, items: [{ name: 'q1' }] })
  })
})

describe('the node', () => {
  test('overview counts what is there', async () => {
    const overview = await get('/api/overview')
    expect(overview).toMatchObject({
      product_name: 'RabbitMQ',
      rabbitmq_version: '3.13.7',
      cluster_name: 'warren@test',
      node: 'warren@test',
      listeners: [{ node: 'warren@test', protocol: 'amqp', port: world.amqpPort }],
      queue_totals: { messages: expect.any(Number), messages_details: { rate: expect.any(Number) } },
      message_stats: { publish: expect.any(Number) },
      object_totals: { connections: 0, channels: 0, consumers: 0 },
    })
    expect(overview.object_totals.queues).toBe((await get('/api/queues')).length)
    expect(overview.object_totals.exchanges).toBe((await get('/api/exchanges')).length)
  })

  test('what was counted stays counted when its queue goes', async () => {
    const published = async (): Promise<number> => (await get('/api/overview')).message_stats.publish
    const message = { properties: {}, routing_key: 'gone', payload: 'x', payload_encoding: 'string' }
    await world.request('PUT', '/api/queues/%2F/gone', {})
    const before = await published()
    await world.request('POST', '/api/exchanges/%2F/amq.default/publish', message)
    await world.request('DELETE', '/api/queues/%2F/gone')
    expect(await published()).toBe(before + 1)
  })

  test('nodes are this one', async () => {
    const [node] = await get('/api/nodes')
    expect(node).toMatchObject({ name: 'warren@test', running: true, type: 'disc', mem_alarm: false, partitions: [] })
    expect(await get('/api/nodes/warren@test?columns=name')).toEqual({ name: 'warren@test' })
    expect(await status('GET', '/api/nodes/other')).toBe(404)
  })

  test('the cluster is renamed', async () => {
    expect(await status('PUT', '/api/cluster-name', { name: 'rabbits' })).toBe(204)
    expect(await get('/api/cluster-name')).toEqual({ name: 'rabbits' })
    await world.request('DELETE', '/api/global-parameters/cluster_name')
  })

  test('health checks answer 200 while all is well, and 503 while it is not', async () => {
    const checks = [
      'alarms',
      'local-alarms',
      'virtual-hosts',
      'protocol-listener/amqp',
      `port-listener/${world.amqpPort}`,
    ]
    for (const check of checks) expect(await get(`/api/health/checks/${check}`)).toMatchObject({ status: 'ok' })
    expect(await status('GET', '/api/health/checks/port-listener/1')).toBe(503)
    expect(await status('GET', '/api/health/checks/protocol-listener/mqtt')).toBe(503)
    expect(await status('GET', '/api/health/checks/certificate-expiration/1/months')).toBe(200)
    expect(await status('GET', '/api/health/checks/certificate-expiration/1/ages')).toBe(400)
    world.broker.alarms.disk = true
    expect(await world.request('GET', '/api/health/checks/alarms')).toMatchObject({
      status: 503,
      body: { status: 'failed', alarms: [{ node: 'warren@test', resource: 'disk' }] },
    })
    world.broker.alarms.disk = false
    expect(await get('/api/aliveness-test/%2F')).toEqual({ status: 'ok' })
  })

  test('metrics have the names and labels of the dashboards', async () => {
    const text = (await world.app.inject({ url: '/metrics' })).body
    expect(text).toMatch(/rabbitmq_identity_info\{rabbitmq_node="warren@test",rabbitmq_cluster="warren@test",.*\} 1/)
    expect(text).toMatch(/^rabbitmq_queues \d+$/m)
    expect(text).toContain(
      'rabbitmq_global_messages_acknowledged_total{protocol="amqp091",queue_type="rabbit_classic_queue"}',
    )
  })
})
