/** Changes made over HTTP are told in the name of who made them. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../../test/management/world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
  await world.request('PUT', '/api/users/ann', { password: 'ann', tags: 'administrator' })
  await world.request('PUT', '/api/permissions/%2F/ann', { configure: '.*', write: '.*', read: '.*' })
  await world.request('PUT', '/api/queues/%2F/events', {})
  await world.request('POST', '/api/bindings/%2F/e/amq.rabbitmq.event/q/events', { routing_key: '#' })
})
afterAll(() => world.close())
afterEach(() => expect(world.errors).toEqual([]))

interface Told {
  routing_key: string
  properties: { headers: { user_who_performed_action: string } }
}

/** Events since the last time, with who made each. */
async function told(): Promise<string[]> {
  const get = { count: 100, ackmode: 'ack_requeue_false', encoding: 'auto' }
  const { body } = await world.request('POST', '/api/queues/%2F/events/get', get)
  return (body as Told[]).map(({ routing_key, properties }) => {
    return `${routing_key} ${properties.headers.user_who_performed_action}`
  })
}

test('each request acts for its own user, also where two run at once', async () => {
  await told()
  await world.request('PUT', '/api/queues/%2F/one', {}, 'ann')
  expect(await told()).toEqual(['queue.created ann'])
  await Promise.all([
    world.request('PUT', '/api/queues/%2F/two', {}, 'ann'),
    world.request('PUT', '/api/vhosts/v', {}),
    world.request('DELETE', '/api/queues/%2F/one', undefined, 'ann'),
  ])
  const events = await told()
  expect(events).toContain('queue.created ann')
  expect(events).toContain('vhost.created guest')
  expect(events).toContain('queue.deleted ann')
})

test('a refused request acts for nobody, and leaves no name behind', async () => {
  await told()
  await world.request('PUT', '/api/queues/%2F/one', { arguments: { 'x-expires': 0 } }, 'ann')
  expect(world.broker.reports.actor.user).toBe('rmq-internal')
  expect(await told()).toEqual([])
})

test('a virtual host is traced while its definition says so', async () => {
  const { vhosts } = world.broker
  await world.request('PUT', '/api/vhosts/%2F', { tracing: true })
  expect(vhosts.get('/')!.traffic.trace).not.toBeNull()
  expect((await world.request('GET', '/api/vhosts/%2F')).body.tracing).toBe(true)
  await world.request('PUT', '/api/vhosts/%2F', { tracing: false })
  expect(vhosts.get('/')!.traffic.trace).toBeNull()
})

test('who makes a virtual host may do everything there, and who changes one gets nothing', async () => {
  const { definitions } = world.broker
  await world.request('PUT', '/api/vhosts/new', {}, 'ann')
  await world.request('PUT', '/api/vhosts/new', { description: 'd' })
  expect(definitions.get('permission', ['new', 'ann'])).toMatchObject({ configure: '.*', write: '.*', read: '.*' })
  expect(definitions.get('permission', ['new', 'guest'])).toBeUndefined()
})
