/** Limits of connections against a model: whoever comes and goes, as many are open as may be. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { TestClient } from '../../test/support/test-client.ts'
import { VHOST_LIMITS } from '../definitions/named-limits.ts'

const USERS = ['ann', 'bob'] as const
const VHOSTS = ['v', 'w'] as const

type Deed =
  | { do: 'login'; user: string; vhost: string }
  | { do: 'leave'; nth: number }
  | { do: 'limit user'; name: string; limit: number }
  | { do: 'limit vhost'; name: string; limit: number }

type Open = { client: TestClient; user: string; vhost: string }

const user = fc.constantFrom(...USERS)
const vhost = fc.constantFrom(...VHOSTS)
const limit = fc.integer({ min: -1, max: 3 })
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('login' as const), user, vhost }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), nth: fc.nat(5) }) },
  fc.record({ do: fc.constant('limit user' as const), name: user, limit }),
  fc.record({ do: fc.constant('limit vhost' as const), name: vhost, limit }),
)

function newWorld(): BrokerWorld {
  const world = new BrokerWorld()
  const { definitions } = world.broker
  const guest = definitions.get('user', ['guest'])!
  for (const name of VHOSTS) {
    world.broker.createVhost({ name, description: '', tags: [], defaultQueueType: 'classic', tracing: false })
  }
  for (const name of USERS) {
    definitions.put('user', { ...guest, name }, { durable: true })
    for (const of of VHOSTS) {
      definitions.put('permission', { user: name, vhost: of, configure: '', write: '', read: '' }, { durable: true })
    }
  }
  return world
}

class Model {
  readonly world = newWorld()
  readonly limits = new Map<string, number>()
  open: Open[] = []

  async run(one: Deed): Promise<void> {
    if (one.do === 'login') await this.#login(one)
    else if (one.do === 'leave') await this.#leave(one.nth)
    else this.#limit(one)
    expect(this.world.broker.connections.size).toBe(this.open.length)
  }

  async #login(who: { user: string; vhost: string }): Promise<void> {
    const client = this.world.socket()
    client.login({ ...who, password: 'guest' })
    await this.world.settle()
    const isOpen = client.take().some(heard => heard.kind === 'method' && heard.method.name === 'connection.open-ok')
    expect(isOpen).toBe(this.#hasRoom('user', who.user) && this.#hasRoom('vhost', who.vhost))
    if (isOpen) this.open.push({ client, ...who })
  }

  #hasRoom(kind: 'user' | 'vhost', name: string): boolean {
    const most = this.limits.get(`limit ${kind} ${name}`) ?? -1
    return most < 0 || this.open.filter(one => one[kind] === name).length < most
  }

  async #leave(nth: number): Promise<void> {
    const [gone] = this.open.splice(nth, 1)
    gone?.client.socket.endFromClient()
    await this.world.settle()
  }

  #limit(one: Extract<Deed, { limit: number }>): void {
    const { definitions } = this.world.broker
    const limits = { 'max-connections': one.limit }
    this.limits.set(`${one.do} ${one.name}`, one.limit)
    if (one.do === 'limit vhost') {
      definitions.put('parameter', { vhost: one.name, ...VHOST_LIMITS, value: limits }, { durable: true })
    } else definitions.put('user', { ...definitions.get('user', [one.name])!, limits }, { durable: true })
  }
}

test('a connection is taken exactly when neither its user nor its virtual host is at the limit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 12 }), async deeds => {
      const model = new Model()
      for (const one of deeds) await model.run(one)
    }),
    { numRuns: 60 },
  )
})

test('a node takes as many connections as it may, and one more when one has gone', async () => {
  const world = new BrokerWorld({ conf: 'connection_max = 1' })
  const first = await world.client()
  const second = world.socket()
  second.login()
  await world.settle()
  const replyText = expect.stringContaining('node connection limit (1) is reached')
  expect(second.take().at(-1)).toMatchObject({
    method: { name: 'connection.close', args: { replyCode: 530, replyText } },
  })
  first.socket.endFromClient()
  await world.settle()
  await world.client()
  expect(world.broker.connections.size).toBe(1)
})
