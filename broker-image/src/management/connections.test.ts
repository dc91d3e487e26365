/** Connections, channels and consumers as the management API shows them. */
import type { Socket } from 'node:net'
import { type ChannelModel, connect } from 'amqplib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startWorld, type World } from '../../test/management/world.ts'
import { TestClient } from '../../test/support/test-client.ts'
import { TestSocket } from '../../test/support/test-socket.ts'
import { Connection } from '../session/connection.ts'

let world: World
let client: ChannelModel

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  client = await login('guest')
})
afterEach(async () => {
  await client.close().catch(() => undefined)
  await vi.waitFor(() => expect(world.broker.connections.size).toBe(0))
  expect(world.errors).toEqual([])
})

/** A client whose errors are expected: they are what these tests cause. */
async function login(user: string): Promise<ChannelModel> {
  const model = await connect(`amqp://${user}:${user}@127.0.0.1:${world.amqpPort}/%2F?heartbeat=60`, {
    clientProperties: { connection_name: `${user}'s` },
  })
  model.on('error', () => undefined)
  return model
}

const get = async (path: string, user?: string) => (await world.request('GET', path, undefined, user)).body

describe('connections', () => {
  test('are shown with what the client said and did', async () => {
    const [connection] = await get('/api/connections')
    expect(connection).toMatchObject({
      user: 'guest',
      vhost: '/',
      state: 'running',
      protocol: 'AMQP 0-9-1',
      user_provided_name: "guest's",
      client_properties: { connection_name: "guest's" },
      peer_host: '127.0.0.1',
      port: world.amqpPort,
      channels: 0,
      timeout: 60,
      auth_mechanism: 'PLAIN',
    })
    expect(connection.name).toBe(`127.0.0.1:${connection.peer_port} -> 127.0.0.1:${world.amqpPort}`)
    expect(connection.recv_oct).toBeGreaterThan(0)
    expect(connection.send_oct).toBeGreaterThan(0)
    expect(await get(`/api/connections/${encodeURIComponent(connection.name)}`)).toMatchObject({ user: 'guest' })
    expect(await get('/api/connections/username/guest')).toHaveLength(1)
    expect(await get('/api/vhosts/%2F/connections')).toHaveLength(1)
    expect((await world.request('GET', '/api/connections/none')).status).toBe(404)
  })

  test('are closed with a reason that the client hears', async () => {
    const [{ name }] = await get('/api/connections')
    const closed = new Promise<Error>(resolve => client.once('close', resolve))
    expect((await world.request('DELETE', `/api/connections/${encodeURIComponent(name)}`)).status).toBe(204)
    expect((await closed).message).toContain('CONNECTION_FORCED')
    expect((await closed).message).toContain('Closed via management plugin')
  })

  test('of one name are closed together, as there may be behind a proxy', async () => {
    const twins = [0, 1].map(() => {
      const socket = new TestSocket(1)
      new Connection(world.broker, socket as unknown as Socket)
      const twin = new TestClient(socket)
      twin.login()
      return twin
    })
    const [, first, second] = [...world.broker.connections]
    expect(second?.name).toBe(first?.name)
    const path = `/api/connections/${encodeURIComponent(first!.name)}`
    expect(await get(`${path}/channels`)).toHaveLength(2)
    expect((await world.request('DELETE', path)).status).toBe(204)
    for (const twin of twins) {
      await vi.waitFor(() => expect(twin.heard.at(-1)).toMatchObject({ method: { name: 'connection.close' } }))
      twin.send(0, 'connection.close-ok', {})
    }
    expect((await world.request('DELETE', path)).status).toBe(404)
  })

  test('of one user are closed together, and only by that user or an administrator', async () => {
    for (const name of ['ann', 'bob']) {
      await world.request('PUT', `/api/users/${name}`, { password: name, tags: 'monitoring' })
      await world.request('PUT', `/api/permissions/%2F/${name}`, { configure: '', write: '', read: '' })
    }
    const all = [await login('ann'), await login('ann')]
    const closed = all.map(other => new Promise<Error>(resolve => other.once('close', resolve)))
    expect((await world.request('DELETE', '/api/connections/username/ann', undefined, 'bob')).status).toBe(401)
    expect((await world.request('DELETE', '/api/connections/username/ann', undefined, 'ann')).status).toBe(204)
    for (const error of await Promise.all(closed)) expect(error.message).toContain('Closed via management plugin')
    expect((await world.request('DELETE', '/api/connections/username/ann')).status).toBe(204)
    for (const name of ['ann', 'bob']) await world.request('DELETE', `/api/users/${name}`)
  })

  test('of others are hidden from a user without the monitoring tag', async () => {
    await world.request('PUT', '/api/users/plain', { password: 'plain', tags: 'management' })
    expect(await get('/api/connections', 'plain')).toEqual([])
    expect(await get('/api/channels', 'plain')).toEqual([])
    await world.request('DELETE', '/api/users/plain')
  })

  test('stay when the password or the permissions of their user change', async () => {
    await world.request('PUT', '/api/users/kept', { password: 'kept', tags: '' })
    await world.request('PUT', '/api/permissions/%2F/kept', { configure: '', write: '', read: '' })
    const other = await login('kept')
    await world.request('PUT', '/api/users/kept', { password: 'new', tags: '' })
    await world.request('DELETE', '/api/permissions/%2F/kept')
    await other.createChannel()
    const closed = new Promise<Error>(resolve => other.once('close', resolve))
    await world.request('DELETE', '/api/users/kept')
    expect((await closed).message).toContain("user 'kept' is deleted")
  })

  test('end when their user is deleted', async () => {
    await world.request('PUT', '/api/users/gone', { password: 'gone', tags: '' })
    await world.request('PUT', '/api/permissions/%2F/gone', { configure: '', write: '', read: '' })
    const other = await login('gone')
    const closed = new Promise<Error>(resolve => other.once('close', resolve))
    await world.request('DELETE', '/api/users/gone')
    expect((await closed).message).toContain("user 'gone' is deleted")
  })
})

describe('channels and consumers', () => {
  test('are shown with their state', async () => {
    const channel = await client.createConfirmChannel()
    await channel.prefetch(7)
    await channel.assertQueue('work', { exclusive: true })
    await channel.consume('work', () => undefined, { consumerTag: 'worker', arguments: { 'x-priority': 3 } })
    channel.publish('', 'work', Buffer.from('x'))
    await channel.waitForConfirms()
    const [shown] = await get('/api/channels')
    expect(shown).toMatchObject({
      number: 1,
      user: 'guest',
      confirm: true,
      prefetch_count: 7,
      consumer_count: 1,
      messages_unacknowledged: 1,
      messages_unconfirmed: 0,
    })
    expect(shown.name).toBe(`${shown.connection_details.name} (1)`)
    const consumer = {
      consumer_tag: 'worker',
      queue: { name: 'work', vhost: '/' },
      channel_details: { number: 1, name: shown.name },
      ack_required: true,
      exclusive: false,
      prefetch_count: 7,
      active: true,
      arguments: { 'x-priority': 3 },
    }
    expect(await get('/api/consumers')).toMatchObject([consumer])
    expect(await get('/api/consumers/%2F')).toHaveLength(1)
    expect(await get(`/api/channels/${encodeURIComponent(shown.name)}`)).toMatchObject({ consumer_details: [consumer] })
    expect(await get('/api/queues/%2F/work')).toMatchObject({
      exclusive: true,
      consumers: 1,
      messages_unacknowledged: 1,
      consumer_details: [consumer],
      message_stats: { publish: 1, deliver: 1, deliver_get: 1 },
    })
    expect(await get('/api/overview')).toMatchObject({ object_totals: { connections: 1, channels: 1, consumers: 1 } })
  })
})
