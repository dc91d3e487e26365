/** Exchanges that hold messages, over HTTP. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../../../test/management/world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
afterEach(() => expect(world.errors).toEqual([]))

const get = async (path: string) => (await world.request('GET', path)).body
const publish = async (exchange: string, headers: object) =>
  (
    await world.request('POST', `/api/exchanges/%2F/${exchange}/publish`, {
      routing_key: '',
      payload: 'x',
      payload_encoding: 'string',
      properties: { delivery_mode: 2, headers },
    })
  ).body

async function declare(name: string, type: string, args: object): Promise<void> {
  const { status } = await world.request('PUT', `/api/exchanges/%2F/${name}`, { type, arguments: args })
  expect(status).toBe(201)
}

test('a delayed exchange tells how many messages wait; their queue is nowhere to be seen', async () => {
  await declare('later', 'x-delayed-message', { 'x-delayed-type': 'fanout' })
  const before = await get('/api/overview')
  expect(await publish('later', { 'x-delay': 60_000 })).toEqual({ routed: false })
  expect(await get('/api/exchanges/%2F/later')).toMatchObject({ messages_delayed: 1, type: 'x-delayed-message' })
  expect(await get('/api/queues')).toEqual([])
  const after = await get('/api/overview')
  expect(after.object_totals.queues).toBe(before.object_totals.queues)
  expect(after.queue_totals.messages).toBe(0)
  expect((await world.request('DELETE', '/api/exchanges/%2F/later')).status).toBe(204)
  expect((await get('/api/overview')).message_stats?.publish ?? 0).toBe(after.message_stats?.publish ?? 0)
})

test('a deduplicating exchange tells how many keys it knows', async () => {
  await declare('once', 'x-message-deduplication', { 'x-cache-size': 10 })
  for (const key of ['a', 'b', 'a']) await publish('once', { 'x-deduplication-header': key })
  expect(await get('/api/exchanges/%2F/once')).toMatchObject({ cache_info: { entries: 2 } })
})

test('definitions tell of what was declared alone, and make it anew', async () => {
  await declare('exported', 'x-delayed-message', { 'x-delayed-type': 'topic' })
  const definitions = await get('/api/definitions')
  const exported = definitions.exchanges.find(({ name }: { name: string }) => name === 'exported')
  expect(exported).toEqual({
    name: 'exported',
    vhost: '/',
    type: 'x-delayed-message',
    durable: false,
    auto_delete: false,
    internal: false,
    arguments: { 'x-delayed-type': 'topic' },
  })
  await world.request('DELETE', '/api/exchanges/%2F/exported')
  expect((await world.request('POST', '/api/definitions', { exchanges: [exported] })).status).toBe(204)
  await publish('exported', { 'x-delay': 60_000 })
  expect(await get('/api/exchanges/%2F/exported')).toMatchObject({ messages_delayed: 1 })
})

test.each([
  ['x-delayed-message', {}],
  ['x-delayed-message', { 'x-delayed-type': 'odd' }],
  ['x-delayed-message', { 'x-delayed-type': 'x-message-deduplication' }],
  ['x-message-deduplication', {}],
  ['x-recent-history', { 'x-recent-history-length': 0 }],
])('a %s with %j is 400', async (type, args) => {
  expect((await world.request('PUT', '/api/exchanges/%2F/bad', { type, arguments: args })).status).toBe(400)
  const exchange = {
    name: 'bad',
    vhost: '/',
    type,
    durable: true,
    auto_delete: false,
    internal: false,
    arguments: args,
  }
  expect((await world.request('POST', '/api/definitions', { exchanges: [exchange] })).status).toBe(400)
})
