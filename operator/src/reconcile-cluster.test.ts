/** A BrokerCluster: its children, its status, and what bad input does (nothing). */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { clusterOf } from '../test/samples.ts'
import { makeWorld, type World } from '../test/world.ts'
import { secretObject, secretText } from './desired/binding-secret.ts'
import { ApiError, refOf } from './objects.ts'
import { TerminalError } from './runtime/outcome.ts'

let world: World

beforeEach(async () => {
  world = await makeWorld()
})

afterEach(async () => {
  await world.stop()
})

// biome-ignore lint/suspicious/noExplicitAny: conditions come from a free-form status
const condition = (type = 'Ready'): any =>
  // biome-ignore lint/suspicious/noExplicitAny: conditions come from a free-form status
  world.status('BrokerCluster', 'orders').conditions.find((found: any) => found.type === type)

const pass = () => world.pass('BrokerCluster', 'orders')

test('a new cluster gets all its children, in order, once', async () => {
  world.put(clusterOf())
  await pass()
  expect(world.applied).toEqual([
    'ServiceAccount/orders',
    'Role/orders',
    'RoleBinding/orders',
    'ConfigMap/orders-config',
    'Secret/orders-default-user',
    'Secret/orders-node',
    'Service/orders-nodes',
    'Service/orders',
    'StatefulSet/orders',
  ])
  expect(condition()).toMatchObject({ status: 'False', reason: 'PodsNotReady' })
  await pass()
  expect(world.applied).toHaveLength(9)
})

test('only a change is written, and a change by others is put back', async () => {
  world.put(clusterOf())
  await pass()
  world.put(clusterOf({ service: { type: 'NodePort' } }))
  await pass()
  expect(world.applied.slice(9)).toEqual(['Service/orders'])
  const service = world.get('Service', 'orders')
  if (service === undefined) throw new Error('no Service')
  world.put({ ...service, spec: { ...(service.spec as object), type: 'ClusterIP' } })
  await pass()
  expect(world.applied.slice(10)).toEqual(['Service/orders'])
})

test('Ready says what is true: pods serve and the broker answers our login', async () => {
  await world.readyCluster(clusterOf())
  world.broker.addQueue('a', { messages: 4, consumers: 1 })
  world.later(60_000)
  await pass()
  expect(condition()).toMatchObject({ status: 'True', reason: 'BrokersReady' })
  expect(condition('Reconciling').status).toBe('False')
  expect(world.status('BrokerCluster', 'orders')).toMatchObject({
    observedGeneration: 1,
    readyReplicas: 1,
    nodes: [{ name: 'orders-0', ready: true, version: '3.13.0' }],
    binding: { name: 'orders-default-user' },
    queues: 1,
    messages: 4,
    consumers: 1,
  })
  world.broker.password = 'another'
  world.later(60_000)
  await pass()
  expect(condition('Stalled')).toMatchObject({ status: 'True', reason: 'LoginRefused' })
})

test('the password is made once, and is found again by a cluster made anew over retained volumes', async () => {
  const cluster = clusterOf()
  world.put(cluster)
  await pass()
  const password = secretText(world.get('Secret', 'orders-default-user'), 'password')
  expect(password).toHaveLength(32)
  world.store.delete(refOf(cluster))
  expect(world.get('StatefulSet', 'orders')).toBeUndefined()
  world.put(cluster)
  await pass()
  expect(secretText(world.get('Secret', 'orders-default-user'), 'password')).toBe(password)
})

test('the user’s Secret for the administrator is waited for and used', async () => {
  world.put(clusterOf({ users: { defaultUserSecretRef: { name: 'mine' } } }))
  expect((await pass()).kind).toBe('after')
  expect(condition('Stalled')).toMatchObject({ status: 'True', reason: 'SecretIncomplete' })
  expect(world.applied).toEqual([])
  world.put(secretObject({ name: 'mine', namespace: 'default' }, 'Opaque', { username: 'ann', password: 'pw' }))
  await pass()
  expect(secretText(world.get('Secret', 'orders-default-user'), 'username')).toBe('ann')
})

test('bad configuration is Stalled and touches nothing of the running cluster', async () => {
  await world.readyCluster(clusterOf())
  const applied = world.applied.length
  world.put(clusterOf({ config: 'heartbeat' }))
  await expect(pass()).rejects.toThrow(TerminalError)
  expect(condition('Stalled')).toMatchObject({ status: 'True', reason: 'InvalidConfig', observedGeneration: 2 })
  expect(condition('Stalled').message).toContain('spec.config line 1')
  expect(world.applied).toHaveLength(applied)
})

test('a cluster is not Ready before its pods run what the spec says', async () => {
  await world.readyCluster(clusterOf())
  world.put(clusterOf({ config: 'heartbeat = 20' }))
  await pass()
  expect(condition()).toMatchObject({ status: 'False', reason: 'PodsNotReady', observedGeneration: 2 })
  world.startPods('orders')
  await pass()
  expect(condition()).toMatchObject({ status: 'True', observedGeneration: 2 })
})

test('a stranger’s object under a child’s name is not taken over', async () => {
  world.put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'orders', namespace: 'default' }, spec: {} })
  world.put(clusterOf())
  await pass()
  await pass()
  expect(condition('Stalled')).toMatchObject({ status: 'True', reason: 'NameTaken' })
  expect(world.get('Service', 'orders')?.spec).toEqual({})
})

test('a child of another cluster is not taken over, though Warren made it', async () => {
  const labels = { 'app.kubernetes.io/managed-by': 'warren-operator', 'app.kubernetes.io/instance': 'other' }
  const metadata = { name: 'orders-nodes', namespace: 'default', labels }
  world.put({ apiVersion: 'v1', kind: 'Service', metadata, spec: {} })
  world.put(clusterOf())
  await pass()
  expect(condition('Stalled')).toMatchObject({ status: 'True', reason: 'NameTaken' })
  expect(world.get('Service', 'orders-nodes')?.spec).toEqual({})
})

test('what the API server refuses of a spec is told in its words, and tried again', async () => {
  await world.readyCluster(clusterOf())
  world.put(clusterOf({ affinity: { nodeAffinity: 'near' } }))
  world.refusal = new ApiError(
    500,
    'InternalError',
    'failed to create typed patch object: .spec.template.spec.affinity',
  )
  expect((await pass()).kind).toBe('after')
  expect(condition('Stalled')).toMatchObject({ status: 'True', reason: 'ChildRefused', observedGeneration: 2 })
  expect(condition('Stalled').message).toContain('.spec.template.spec.affinity')
  world.refusal = new ApiError(503, 'ServiceUnavailable', 'later')
  await expect(pass()).rejects.toThrow('later')
})

test('status is written only when it differs', async () => {
  await world.readyCluster(clusterOf())
  const version = world.get('BrokerCluster', 'orders')?.metadata.resourceVersion
  world.later(60_000)
  await pass()
  expect(world.get('BrokerCluster', 'orders')?.metadata.resourceVersion).toBe(version)
})
