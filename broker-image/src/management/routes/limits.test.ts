/** /api/vhost-limits and /api/user-limits over a real broker, and what stands in definitions by them. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../../../test/management/world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
  await world.request('PUT', '/api/vhosts/v', {})
  await world.request('PUT', '/api/users/mia', { password: 'mia', tags: 'management' })
})
afterAll(() => world.close())
afterEach(() => expect(world.errors).toEqual([]))

const get = async (path: string, user?: string) => (await world.request('GET', path, undefined, user)).body
const status = async (method: string, path: string, body?: unknown, user?: string) =>
  (await world.request(method, path, body, user)).status

describe('limits of a virtual host', () => {
  test('are set one by one, shown, and removed', async () => {
    expect(await get('/api/vhost-limits')).toEqual([])
    expect(await status('PUT', '/api/vhost-limits/v/max-queues', { value: 2 })).toBe(204)
    expect(await status('PUT', '/api/vhost-limits/v/max-connections', { value: 5 })).toBe(204)
    const limits = { vhost: 'v', value: { 'max-queues': 2, 'max-connections': 5 } }
    expect(await get('/api/vhost-limits')).toEqual([limits])
    expect(await get('/api/vhost-limits/v')).toEqual([limits])
    expect(await get('/api/vhost-limits/%2F')).toEqual([])
    expect(await get('/api/parameters/vhost-limits/v/limits')).toMatchObject({ value: limits.value })
    expect(await status('DELETE', '/api/vhost-limits/v/max-connections')).toBe(204)
    expect(await status('DELETE', '/api/vhost-limits/v/max-connections')).toBe(204)
    expect(await get('/api/vhost-limits/v')).toEqual([{ vhost: 'v', value: { 'max-queues': 2 } }])
    await world.request('DELETE', '/api/vhost-limits/v/max-queues')
    expect(await get('/api/vhost-limits')).toEqual([])
    expect(await status('GET', '/api/vhost-limits/missing')).toBe(404)
  })

  test('are for administrators, and shown to those who may enter', async () => {
    await world.request('PUT', '/api/vhost-limits/v/max-queues', { value: 2 })
    expect(await status('PUT', '/api/vhost-limits/v/max-queues', { value: 9 }, 'mia')).toBe(401)
    expect(await status('DELETE', '/api/vhost-limits/v/max-queues', undefined, 'mia')).toBe(401)
    expect(await get('/api/vhost-limits', 'mia')).toEqual([])
    expect(await status('GET', '/api/vhost-limits/v', undefined, 'mia')).toBe(401)
    await world.request('DELETE', '/api/vhost-limits/v/max-queues')
  })

  test('refuse a declaration over HTTP, and an import as a whole', async () => {
    await world.request('PUT', '/api/vhost-limits/v/max-queues', { value: 1 })
    expect(await status('PUT', '/api/queues/v/one', {})).toBe(201)
    const refused = await world.request('PUT', '/api/queues/v/two', {})
    expect(refused.status).toBe(400)
    expect(refused.body.reason).toContain("cannot declare queue 'two': queue limit in vhost 'v' (1) is reached")
    const imported = await world.request('POST', '/api/definitions/v', { queues: [{ name: 'one' }, { name: 'two' }] })
    expect(imported.status).toBe(400)
    expect(imported.body.reason).toContain('Adding 1 queue(s) to virtual host "v" would exceed the limit of 1 queue(s)')
    expect(await status('POST', '/api/definitions/v', { queues: [{ name: 'one' }] })).toBe(204)
    expect(await get('/api/queues/v')).toHaveLength(1)
    await world.request('DELETE', '/api/vhost-limits/v/max-queues')
  })

  test('go out with the definitions, come back in, and end with the virtual host', async () => {
    const limits = { vhost: 'w', component: 'vhost-limits', name: 'limits', value: { 'max-queues': 1 } }
    const queues = ['one', 'two'].map(name => ({ vhost: 'w', name }))
    expect(await status('POST', '/api/definitions', { vhosts: [{ name: 'w' }], parameters: [limits], queues })).toBe(
      204,
    )
    expect((await get('/api/definitions')).parameters).toEqual([limits])
    expect(await get('/api/queues/w')).toHaveLength(2)
    expect(await status('DELETE', '/api/vhosts/w')).toBe(204)
    expect(await get('/api/vhost-limits')).toEqual([])
  })

  test.each([
    ['/api/vhost-limits/v/max-foo', { value: 2 }, 'Unrecognised terms'],
    ['/api/vhost-limits/v/max-queues', { value: '2' }, 'max-queues should be a number'],
    ['/api/vhost-limits/v/max-queues', {}, 'value is missing'],
    ['/api/parameters/vhost-limits/v/limits', { value: { 'max-foo': 1 } }, 'Unrecognised terms'],
    ['/api/parameters/vhost-limits/v/other', { value: {} }, 'should be named limits'],
  ])('PUT %s %j is refused: %s', async (path, body, reason) => {
    const answer = await world.request('PUT', path, body)
    expect(answer.status).toBe(400)
    expect(answer.body.reason).toContain(reason)
  })
})

describe('limits of a user', () => {
  test('are set one by one, shown with the user, and removed', async () => {
    expect(await get('/api/user-limits')).toEqual([])
    expect(await status('PUT', '/api/user-limits/mia/max-channels', { value: 2 })).toBe(204)
    expect(await status('PUT', '/api/user-limits/mia/max-connections', { value: 1 })).toBe(204)
    const value = { 'max-channels': 2, 'max-connections': 1 }
    expect(await get('/api/user-limits')).toEqual([{ user: 'mia', value }])
    expect(await get('/api/user-limits/mia')).toEqual([{ user: 'mia', value }])
    expect(await get('/api/user-limits/guest')).toEqual([])
    expect((await get('/api/users/mia')).limits).toEqual(value)
    expect((await get('/api/definitions')).users).toContainEqual(
      expect.objectContaining({ name: 'mia', limits: value }),
    )
    await world.request('PUT', '/api/users/mia', { password: 'mia', tags: 'management' })
    expect((await get('/api/users/mia')).limits).toEqual(value)
    expect(await status('DELETE', '/api/user-limits/mia/max-channels')).toBe(204)
    expect(await status('DELETE', '/api/user-limits/mia/max-connections')).toBe(204)
    expect(await get('/api/user-limits')).toEqual([])
  })

  test('are for administrators to change', async () => {
    expect(await status('PUT', '/api/user-limits/mia/max-channels', { value: 2 }, 'mia')).toBe(401)
    expect(await status('DELETE', '/api/user-limits/mia/max-channels', undefined, 'mia')).toBe(401)
    expect(await status('GET', '/api/user-limits/missing')).toBe(404)
    expect(await status('DELETE', '/api/user-limits/missing/max-channels')).toBe(404)
  })

  test.each([
    ['/api/user-limits/mia/max-queues', { value: 2 }, 'Unrecognised terms'],
    ['/api/user-limits/mia/max-channels', { value: null }, 'max-channels should be a number'],
    ['/api/user-limits/missing/max-channels', { value: 2 }, "user 'missing' does not exist"],
    ['/api/users/mia', { tags: '', limits: { 'max-foo': 1 } }, 'Unrecognised terms'],
  ])('PUT %s %j is refused: %s', async (path, body, reason) => {
    const answer = await world.request('PUT', path, body)
    expect(answer.status).toBe(400)
    expect(answer.body.reason).toContain(reason)
  })
})
