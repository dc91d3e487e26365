/** Queues, policies and users against a broker: what is written, what the status says, and how deletions end. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { clusterOf, policyOf, queueOf, userOf } from '../test/samples.ts'
import { makeWorld, type World } from '../test/world.ts'
import { secretObject, secretText } from './desired/binding-secret.ts'
import { refOf } from './objects.ts'

let world: World

beforeEach(async () => {
  world = await makeWorld()
})

afterEach(async () => {
  await world.stop()
})

// biome-ignore lint/suspicious/noExplicitAny: conditions come from a free-form status
const condition = (kind: string, name: string, type = 'Ready'): any =>
  // biome-ignore lint/suspicious/noExplicitAny: conditions come from a free-form status
  world.status(kind, name)?.conditions.find((found: any) => found.type === type)

const later = async (kind: string, name: string) => {
  world.later(60_000)
  return world.pass(kind, name)
}

test('a queue waits for its cluster, says so, and is due when the cluster is Ready', async () => {
  world.put(queueOf())
  expect(await world.pass('Queue', 'invoices')).toEqual({ kind: 'done' })
  expect(condition('Queue', 'invoices')).toMatchObject({ status: 'False', reason: 'ClusterNotReady' })
  expect(world.get('Queue', 'invoices')?.metadata.finalizers).toBeUndefined()
  await world.readyCluster(clusterOf())
  await world.pass('Queue', 'invoices')
  expect(condition('Queue', 'invoices')).toMatchObject({ status: 'True', observedGeneration: 1 })
  expect(world.broker.queues.has('//invoices')).toBe(true)
})

test('a cluster that is Stalled over its spec holds up nothing that its brokers can do', async () => {
  await world.readyCluster(clusterOf())
  world.put(clusterOf({ config: 'heartbeat = soon' }))
  await expect(world.pass('BrokerCluster', 'orders')).rejects.toThrow('heartbeat')
  world.put(queueOf())
  await world.pass('Queue', 'invoices')
  expect(condition('Queue', 'invoices').status).toBe('True')
})

test('an equal object costs no write, neither to the broker nor to Kubernetes', async () => {
  await world.readyCluster(clusterOf())
  world.broker.addQueue('invoices')
  world.put(queueOf({ bindings: [{ exchange: 'amq.topic', routingKey: 'i.#', arguments: {} }] }))
  world.put(policyOf())
  world.put(userOf({ permissions: [{ vhost: '/', configure: '', write: '.*', read: '.*' }] }))
  const pass = async () => {
    world.later(60_000)
    await world.pass('Queue', 'invoices')
    await world.pass('Policy', 'short')
    await world.pass('User', 'shop')
  }
  await pass()
  await pass()
  const [writes, applied] = [world.broker.writes.length, world.applied.length]
  const versions = ['Queue invoices', 'Policy short', 'User shop'].map(which => {
    const [kind = '', name = ''] = which.split(' ')
    return world.get(kind, name)?.metadata.resourceVersion
  })
  await pass()
  expect(world.broker.writes).toHaveLength(writes)
  expect(world.applied).toHaveLength(applied)
  expect([
    world.get('Queue', 'invoices')?.metadata.resourceVersion,
    world.get('Policy', 'short')?.metadata.resourceVersion,
    world.get('User', 'shop')?.metadata.resourceVersion,
  ]).toEqual(versions)
})

test('a thousand queues share one read of the broker', async () => {
  await world.readyCluster(clusterOf())
  for (let index = 0; index < 1000; index++) {
    world.broker.addQueue(`q${index}`)
    world.put(queueOf({}, `q${index}`))
  }
  world.later(60_000)
  const before = world.broker.requests.length
  await Promise.all(Array.from({ length: 1000 }, (_, index) => world.pass('Queue', `q${index}`)))
  expect(world.broker.requests.length - before).toBe(4)
})

test('a queue deleted behind our back is made again', async () => {
  await world.readyCluster(clusterOf())
  world.put(queueOf())
  await world.pass('Queue', 'invoices')
  world.broker.queues.clear()
  await later('Queue', 'invoices')
  expect(world.broker.queues.has('//invoices')).toBe(true)
})

test('live numbers reach the status', async () => {
  await world.readyCluster(clusterOf())
  world.put(queueOf())
  await world.pass('Queue', 'invoices')
  world.broker.addQueue('invoices', { messages: 7, consumers: 2, policy: 'short' })
  await later('Queue', 'invoices')
  expect(world.status('Queue', 'invoices')).toMatchObject({ messages: 7, consumers: 2, policy: 'short' })
})

test('a queue that differs in the broker is Stalled, names the field, and nothing is touched', async () => {
  await world.readyCluster(clusterOf())
  world.broker.addQueue('invoices', { arguments: { 'x-max-length': 5 } })
  world.put(queueOf({ arguments: { 'x-max-length': 10 } }))
  const writes = world.broker.writes.length
  await later('Queue', 'invoices')
  expect(condition('Queue', 'invoices', 'Stalled')).toMatchObject({ status: 'True', reason: 'QueueDiffers' })
  expect(condition('Queue', 'invoices').message).toContain('spec.arguments.x-max-length is 10, but queue "invoices"')
  expect(world.broker.writes).toHaveLength(writes)
})

test('a binding taken out of the spec is unbound, and one made by others stays', async () => {
  await world.readyCluster(clusterOf())
  const binding = (routingKey: string) => ({ exchange: 'amq.topic', routingKey, arguments: {} })
  world.put(queueOf({ bindings: [binding('a'), binding('b')] }))
  await later('Queue', 'invoices')
  const [first] = world.broker.bindings
  if (first !== undefined) world.broker.bindings.push({ ...first, routing_key: 'other', properties_key: 'other' })
  world.put(queueOf({ bindings: [binding('b')] }))
  await later('Queue', 'invoices')
  expect(world.broker.bindings.map(found => found.routing_key)).toEqual(['b', 'other'])
})

test('what was just made is not made again before the next read, and can be unmade after it', async () => {
  await world.readyCluster(clusterOf())
  const permissions = [{ vhost: '/', configure: '', write: '.*', read: '.*' }]
  world.put(queueOf({ bindings: [{ exchange: 'amq.topic', routingKey: 'a', arguments: {} }] }))
  world.put(policyOf())
  world.put(userOf({ permissions }))
  const pass = async () => {
    await world.pass('Queue', 'invoices')
    await world.pass('Policy', 'short')
    await world.pass('User', 'shop')
  }
  await pass()
  const writes = world.broker.writes.length
  await pass()
  expect(world.broker.writes).toHaveLength(writes)
  world.put(queueOf())
  await pass()
  expect(world.status('Queue', 'invoices').bindings).toHaveLength(1)
  await later('Queue', 'invoices')
  expect(world.broker.bindings).toEqual([])
  expect(world.status('Queue', 'invoices').bindings).toEqual([])
})

test('a binding to an exchange that is not there is Stalled with the broker’s words', async () => {
  await world.readyCluster(clusterOf())
  world.put(queueOf({ bindings: [{ exchange: 'nowhere', routingKey: '', arguments: {} }] }))
  expect((await world.pass('Queue', 'invoices')).kind).toBe('after')
  expect(condition('Queue', 'invoices', 'Stalled').message).toContain("no exchange 'nowhere'")
  world.broker.exchanges.add('nowhere')
  await later('Queue', 'invoices')
  expect(condition('Queue', 'invoices').status).toBe('True')
})

test('a queue with messages is kept, says why, and goes once it is empty', async () => {
  await world.readyCluster(clusterOf())
  const queue = queueOf()
  world.put(queue)
  await world.pass('Queue', 'invoices')
  world.broker.addQueue('invoices', { messages: 3 })
  world.store.delete(refOf(queue))
  await later('Queue', 'invoices')
  expect(condition('Queue', 'invoices')).toMatchObject({ status: 'False', reason: 'KeptWithMessages' })
  expect(condition('Queue', 'invoices').message).toContain('still holds 3 messages')
  expect(world.status('Queue', 'invoices').messages).toBe(3)
  expect(world.broker.queues.size).toBe(1)
  world.broker.addQueue('invoices', { messages: 0 })
  await later('Queue', 'invoices')
  expect(world.broker.queues.size).toBe(0)
  expect(world.get('Queue', 'invoices')).toBeUndefined()
})

test('deleting an object that was Stalled over a queue of others leaves their queue', async () => {
  await world.readyCluster(clusterOf())
  world.broker.addQueue('invoices', { arguments: { 'x-max-length': 5 } })
  const queue = queueOf({ deletionPolicy: 'Delete' })
  world.put(queue)
  await later('Queue', 'invoices')
  world.store.delete(refOf(queue))
  await later('Queue', 'invoices')
  expect(world.get('Queue', 'invoices')).toBeUndefined()
  expect(world.broker.queues.has('//invoices')).toBe(true)
})

test('messages that come between the look and the deletion are kept by the broker', async () => {
  await world.readyCluster(clusterOf())
  const queue = queueOf()
  world.put(queue)
  await world.pass('Queue', 'invoices')
  world.store.delete(refOf(queue))
  world.broker.addQueue('invoices', { messages: 1 })
  await world.pass('Queue', 'invoices')
  expect(world.broker.queues.size).toBe(1)
  expect(condition('Queue', 'invoices').reason).toBe('RefusedByBroker')
})

test.each([
  ['Delete', 0],
  ['Retain', 1],
] as const)('deletionPolicy %s leaves %i queues in the broker', async (deletionPolicy, left) => {
  await world.readyCluster(clusterOf())
  const queue = queueOf({ deletionPolicy })
  world.put(queue)
  await world.pass('Queue', 'invoices')
  world.broker.addQueue('invoices', { messages: 3 })
  world.store.delete(refOf(queue))
  await later('Queue', 'invoices')
  expect(world.broker.queues.size).toBe(left)
  expect(world.get('Queue', 'invoices')).toBeUndefined()
})

test('deletions end when the cluster is gone or going, whatever the queue holds', async () => {
  const cluster = clusterOf()
  await world.readyCluster(cluster)
  const queue = queueOf()
  world.put(queue)
  await world.pass('Queue', 'invoices')
  world.broker.addQueue('invoices', { messages: 3 })
  world.broker.isDown = true
  world.store.delete(refOf(queue))
  world.store.delete(refOf(cluster))
  await later('Queue', 'invoices')
  expect(world.get('Queue', 'invoices')).toBeUndefined()
})

test('while the broker is down nobody is told that all is well, and asking is rationed', async () => {
  await world.readyCluster(clusterOf())
  world.put(queueOf())
  await world.pass('Queue', 'invoices')
  world.broker.isDown = true
  expect((await later('Queue', 'invoices')).kind).toBe('after')
  expect(condition('Queue', 'invoices')).toMatchObject({ status: 'False', reason: 'BrokerUnreachable' })
  await later('BrokerCluster', 'orders')
  expect(condition('BrokerCluster', 'orders')).toMatchObject({ status: 'False', reason: 'BrokerUnreachable' })
})

test('a policy is put, changed and deleted', async () => {
  await world.readyCluster(clusterOf())
  const policy = policyOf({ definition: { 'ha-mode': 'nodes', 'ha-params': 'a, b' } })
  world.put(policy)
  await world.pass('Policy', 'short')
  expect(world.broker.policies.get('//short')?.definition).toEqual({ 'ha-mode': 'nodes', 'ha-params': ['a', 'b'] })
  world.put(policyOf({ priority: 7 }))
  await later('Policy', 'short')
  expect(world.broker.policies.get('//short')).toMatchObject({ priority: 7, definition: { 'max-length': 10 } })
  world.store.delete(refOf(policy))
  await later('Policy', 'short')
  expect(world.broker.policies.size).toBe(0)
  expect(world.get('Policy', 'short')).toBeUndefined()
})

test('a policy that the broker refuses is Stalled with its words', async () => {
  await world.readyCluster(clusterOf())
  world.put(policyOf({ pattern: '(' }))
  await world.pass('Policy', 'short')
  expect(condition('Policy', 'short', 'Stalled').message).toContain('pattern is no regular expression')
})

test('of two objects for one thing the older has it, and the other is told, and goes without a trace', async () => {
  await world.readyCluster(clusterOf())
  world.put(policyOf({ definition: { 'max-length': 1 } }, 'b'))
  world.later(1_000)
  const second = policyOf({ name: 'b', definition: { 'max-length': 2 } }, 'a')
  world.put(second)
  await later('Policy', 'a')
  await later('Policy', 'b')
  await later('Policy', 'a')
  expect(world.broker.policies.get('//b')?.definition).toEqual({ 'max-length': 1 })
  expect(condition('Policy', 'a', 'Stalled')).toMatchObject({ status: 'True', reason: 'NameTaken' })
  expect(condition('Policy', 'a').message).toContain('Policy "b", which is older')
  world.store.delete(refOf(second))
  await later('Policy', 'a')
  expect(world.get('Policy', 'a')).toBeUndefined()
  expect(world.broker.policies.size).toBe(1)
})

test('when the older of two objects goes, the other takes its place', async () => {
  await world.readyCluster(clusterOf())
  const first = queueOf({ name: 'x' }, 'a')
  world.put(first)
  world.put(queueOf({ name: 'x' }, 'b'))
  await later('Queue', 'a')
  await later('Queue', 'b')
  expect(condition('Queue', 'b').reason).toBe('NameTaken')
  world.store.delete(refOf(first))
  await later('Queue', 'a')
  await later('Queue', 'b')
  expect(condition('Queue', 'b').status).toBe('True')
  expect(world.broker.queues.has('//x')).toBe(true)
})

test('a user gets a password once, permissions as listed, and a Secret to connect with', async () => {
  await world.readyCluster(clusterOf())
  const all = { vhost: '/', configure: '', write: '.*', read: '.*' }
  const topic = { vhost: '/', exchange: 'amq.topic', write: 'a', read: 'b' }
  const user = userOf({
    tags: ['monitoring'],
    permissions: [all],
    topicPermissions: [topic],
    limits: { maxChannels: 5 },
  })
  world.put(user)
  await world.pass('User', 'shop')
  const secret = world.get('Secret', 'shop-user-credentials')
  const password = secretText(secret, 'password')
  expect(password).toMatch(/^[\w-]{32}$/)
  expect(secretText(secret, 'uri')).toBe(`amqp://shop:${password}@127.0.0.1:5672/%2F`)
  expect(world.status('User', 'shop').binding.name).toBe('shop-user-credentials')
  expect(world.broker.users.get('shop')?.tags).toEqual(['monitoring'])
  expect(world.broker.permissions.size).toBe(1)
  expect(world.broker.topicPermissions.size).toBe(1)
  expect(world.broker.users.get('shop')?.limits).toEqual({ 'max-channels': 5 })
  world.put(userOf())
  await later('User', 'shop')
  expect(world.broker.permissions.size).toBe(0)
  expect(world.broker.topicPermissions.size).toBe(0)
  expect(world.broker.users.get('shop')?.limits).toEqual({})
  expect(secretText(world.get('Secret', 'shop-user-credentials'), 'password')).toBe(password)
  world.store.delete(refOf(user))
  await later('User', 'shop')
  expect(world.broker.users.has('shop')).toBe(false)
  expect(world.get('Secret', 'shop-user-credentials')).toBeUndefined()
})

test('a user’s own Secret is waited for, used, and followed when it changes', async () => {
  await world.readyCluster(clusterOf())
  world.put(userOf({ passwordSecretRef: { name: 'mine', key: 'password' } }))
  await world.pass('User', 'shop')
  expect(condition('User', 'shop', 'Stalled')).toMatchObject({ status: 'True', reason: 'SecretMissing' })
  const mine = (password: string) => secretObject({ name: 'mine', namespace: 'default' }, 'Opaque', { password })
  for (const password of ['one', 'two']) {
    world.put(mine(password))
    await later('User', 'shop')
    expect(condition('User', 'shop').status).toBe('True')
    expect(secretText(world.get('Secret', 'shop-user-credentials'), 'password')).toBe(password)
  }
  const puts = world.broker.writes.filter(line => line === 'PUT users shop')
  expect(puts).toHaveLength(2)
})

test('no User may take over the administrator', async () => {
  await world.readyCluster(clusterOf())
  const user = userOf({ name: 'admin' })
  world.put(user)
  await world.pass('User', 'shop')
  expect(condition('User', 'shop', 'Stalled').reason).toBe('NameTaken')
  const writes = world.broker.writes.length
  world.store.delete(refOf(user))
  await later('User', 'shop')
  expect(world.broker.writes).toHaveLength(writes)
})

test('events tell transitions, not passes', async () => {
  await world.readyCluster(clusterOf())
  world.put(queueOf())
  for (let pass = 0; pass < 3; pass++) await later('Queue', 'invoices')
  expect(world.events.filter(line => line.startsWith('Queue'))).toEqual(['Queue/invoices Normal InBroker'])
})
