/** From the protocol header to an open virtual host: whoever leaves the way is told so, and gone. */
import { describe, expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { TestClient } from '../../test/support/test-client.ts'
import { PROTOCOL_HEADER } from '../wire/frame.ts'

const STEPS: readonly ((client: TestClient) => void)[] = [
  client => client.bytes(PROTOCOL_HEADER),
  client =>
    client.send(0, 'connection.start-ok', {
      clientProperties: {},
      mechanism: 'PLAIN',
      response: Buffer.from('\0guest\0guest'),
      locale: 'en_US',
    }),
  client => client.send(0, 'connection.tune-ok', { channelMax: 0, frameMax: 0, heartbeat: 0 }),
  client => client.send(0, 'connection.open', { virtualHost: '/' }),
]
const ANSWERS = ['connection.start', 'connection.tune', 'connection.open-ok']

/** A client that has gone so many steps. */
async function after(steps: number): Promise<{ world: BrokerWorld; client: TestClient }> {
  const world = new BrokerWorld()
  const client = world.socket()
  for (const step of STEPS.slice(0, steps)) step(client)
  await world.settle()
  return { world, client }
}

const said = (client: TestClient): string[] =>
  client.take().map(heard => (heard.kind === 'method' ? heard.method.name : heard.kind))

test('each step is answered, and the last one lets the client in', async () => {
  const { world, client } = await after(4)
  expect(said(client)).toEqual(ANSWERS)
  expect([...world.broker.connections]).toMatchObject([{ state: 'running', user: 'guest', vhost: '/' }])
})

test.each([1, 2, 3])('a step out of turn is 503 where step %i is due', async due => {
  for (const [at, step] of STEPS.entries()) {
    if (at === due || at === 0) continue
    const { world, client } = await after(due)
    client.take()
    step(client)
    await world.settle()
    expect(client.take()).toMatchObject([{ method: { name: 'connection.close', args: { replyCode: 503 } } }])
  }
})

test('a step again is 503 once the connection is open', async () => {
  const { world, client } = await after(4)
  client.take()
  STEPS[3]?.(client)
  await world.settle()
  expect(client.take()).toMatchObject([{ method: { name: 'connection.close', args: { replyCode: 503 } } }])
})

test('a client may close at each step', async () => {
  for (const steps of [1, 2, 3, 4]) {
    const { world, client } = await after(steps)
    client.take()
    client.send(0, 'connection.close', { replyCode: 200, replyText: '', classId: 0, methodId: 0 })
    await world.settle()
    expect(said(client)).toEqual(['connection.close-ok', 'closed'])
  }
})

describe('a client that is sent away', () => {
  test('hears our protocol header, if its own is another one, and nothing is taken from it after that', async () => {
    const { world, client } = await after(0)
    client.bytes(Buffer.from('GET / HTTP/1.1\r\n'))
    client.login()
    await world.settle()
    expect(said(client)).toEqual(['protocol header', 'closed'])
    expect(world.broker.connections.size).toBe(0)
  })

  test.each([
    [true, ['connection.start', 'connection.close']],
    [false, ['connection.start', 'closed']],
  ])('hears of a wrong password only if it asked for that: %j', async (isTold, heard) => {
    const { world, client } = await after(0)
    client.login({ password: 'wrong', capabilities: { authentication_failure_close: isTold } })
    await world.settle()
    expect(said(client)).toEqual(heard)
    expect(world.broker.connections.size).toBe(0)
  })
})
