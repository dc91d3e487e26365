/** Publishing over HTTP, which is held to what a client on AMQP is held to. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startWorld, type World } from '../../test/management/world.ts'
import { FRAME_BYTES_MAX } from '../limits.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
  await world.request('PUT', '/api/users/ann', { password: 'ann', tags: 'management' })
  await world.request('PUT', '/api/permissions/%2F/ann', { configure: '', write: '.*', read: '' })
  const topic = { exchange: 'amq.topic', write: '^own\\.', read: '' }
  await world.request('PUT', '/api/topic-permissions/%2F/ann', topic)
})
beforeEach(async () => {
  for (const name of ['one', 'two', 'three']) {
    await world.request('DELETE', `/api/queues/%2F/${name}`)
    await world.request('PUT', `/api/queues/%2F/${name}`, {})
  }
})
afterAll(() => world.close())
afterEach(() => expect(world.errors).toEqual([]))

/** What a request must have. */
const FIELDS = { routing_key: '', properties: {}, payload: 'x', payload_encoding: 'string' }

const publish = (body: object, exchange = 'amq.default', user?: string) =>
  world.request('POST', `/api/exchanges/%2F/${exchange}/publish`, { ...FIELDS, ...body }, user)

const take = async (queue: string) =>
  (
    await world.request('POST', `/api/queues/%2F/${queue}/get`, {
      count: 5,
      ackmode: 'ack_requeue_false',
      encoding: 'auto',
    })
  ).body

test('CC and BCC add queues, and nobody is told of BCC', async () => {
  const headers = { CC: ['two'], BCC: ['three'] }
  const answer = await publish({ routing_key: 'one', properties: { headers, delivery_mode: 2 } })
  expect(answer.body).toEqual({ routed: true })
  for (const queue of ['one', 'two', 'three']) {
    const properties = { headers: { CC: ['two'] }, delivery_mode: 2 }
    expect(await take(queue)).toMatchObject([{ routing_key: 'one', properties }])
  }
  expect((await publish({ routing_key: 'nowhere', properties: { headers } })).body).toEqual({ routed: true })
})

test('a full queue refuses, its dead letters move on, and the other queues have the message', async () => {
  const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish-dlx', 'x-dead-letter-exchange': '' }
  const full = { arguments: { ...args, 'x-dead-letter-routing-key': 'two' } }
  await world.request('PUT', '/api/queues/%2F/full', full)
  expect((await publish({ routing_key: 'full' })).body).toEqual({ routed: true })
  const refused = await publish({ routing_key: 'full', properties: { headers: { CC: ['one'] } } })
  expect(refused.status).toBe(400)
  expect(refused.body.reason).toBe('rejected Unable to publish message. Check queue limits.')
  expect(await take('one')).toHaveLength(1)
  expect(await take('two')).toMatchObject([{ properties: { headers: { 'x-first-death-reason': 'maxlen' } } }])
  await world.request('DELETE', '/api/queues/%2F/full')
})

test('a persistent message is answered once it is on disk', async () => {
  const answer = publish({ routing_key: 'one', properties: { delivery_mode: 2 } })
  expect((await answer).body).toEqual({ routed: true })
  expect(world.broker.log.unstableBytes).toBe(0)
})

test.each([
  ['invalid message: {unacceptable_type_in_header,"CC",longstr}', { headers: { CC: 'two' } }],
  ['invalid message: {unacceptable_type_in_header,"BCC",signedint}', { headers: { BCC: 1 } }],
  ["invalid expiration '999999999999999999999': {value_too_large,", { expiration: '9'.repeat(21) }],
  ['the properties do not fit into a frame', { headers: { wide: 'x'.repeat(FRAME_BYTES_MAX) } }],
  ["user_id property set to 'bob' but authenticated user was 'guest'", { user_id: 'bob' }],
])('a message is refused: %s', async (reason, properties) => {
  const answer = await publish({ routing_key: 'one', properties })
  expect(answer.status).toBe(400)
  expect(answer.body.reason).toContain(reason)
  expect(await take('one')).toEqual([])
})

test.each(Object.keys(FIELDS))("a message without %s is refused in RabbitMQ's words", async field => {
  const answer = await publish({ routing_key: 'one', [field]: undefined })
  expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request', reason: `[{key_missing,${field}}]` } })
})

test('all that a message lacks is told at once', async () => {
  const answer = await publish({ routing_key: undefined, properties: undefined })
  expect(answer.body.reason).toBe('[{key_missing,routing_key},\n {key_missing,properties}]')
})

test.each(['%%%', 'YWJj=', 'YWJ', '-_-_', 'YWJ=YWJ='])('a payload that is not base64 is refused: %s', async payload => {
  const answer = await publish({ routing_key: 'one', payload, payload_encoding: 'base64' })
  expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
  expect(await take('one')).toEqual([])
})

test.each(['', 'YWJj', 'YW Jj', 'YWI=', 'YQ=='])('a payload that is base64 is taken: %j', async payload => {
  expect((await publish({ routing_key: 'one', payload, payload_encoding: 'base64' })).status).toBe(200)
  expect(await take('one')).toMatchObject([{ payload: Buffer.from(payload, 'base64').toString() }])
})

test.each([0, 9, 255])('delivery mode %i is none', async mode => {
  const answer = await publish({ routing_key: 'one', properties: { delivery_mode: mode } })
  expect(answer.status).toBe(400)
  expect(answer.body.reason).toContain(`invalid message: {delivery_mode_unknown,${mode}}`)
})

test('a message may carry the name of who publishes it', async () => {
  expect((await publish({ routing_key: 'one', properties: { user_id: 'guest' } })).status).toBe(200)
})

test('an internal exchange takes nothing from outside', async () => {
  const answer = await publish({ routing_key: 'one' }, 'amq.rabbitmq.trace')
  expect(answer.status).toBe(400)
  expect(answer.body.reason).toContain("cannot publish to internal exchange 'amq.rabbitmq.trace' in vhost '/'")
})

test('topic permissions hold as for clients', async () => {
  expect((await publish({ routing_key: 'own.a' }, 'amq.topic', 'ann')).body).toEqual({ routed: false })
  const properties = { headers: { CC: ['other.a'] } }
  for (const body of [{ routing_key: 'other.a' }, { routing_key: 'own.a', properties }]) {
    const answer = await publish(body, 'amq.topic', 'ann')
    expect(answer.status).toBe(400)
    expect(answer.body.reason).toContain("access to topic 'other.a' in exchange 'amq.topic' in vhost '/' refused")
  }
})

test('the firehose tells of what comes and goes over HTTP', async () => {
  await world.request('PUT', '/api/vhosts/%2F', { tracing: true })
  await world.request('POST', '/api/bindings/%2F/e/amq.rabbitmq.trace/q/two', { routing_key: '#' })
  await publish({ routing_key: 'one' })
  await take('one')
  await world.request('PUT', '/api/vhosts/%2F', { tracing: false })
  const of = { user: 'guest', connection: '', channel: 0 }
  expect(await take('two')).toMatchObject([
    { routing_key: 'publish.', properties: { headers: { ...of, routed_queues: ['one'] } } },
    { routing_key: 'deliver.one', properties: { headers: { ...of, redelivered: 0 } } },
  ])
})
