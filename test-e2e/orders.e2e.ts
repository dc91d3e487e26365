/** The main story: examples/orders.yaml on a real cluster, from `kubectl apply` to the end of its namespace. */

import { afterAll, beforeAll, expect } from 'vitest'
import { amqpAddress, connectAs, depthOf, openNodePort, publish, readAll } from './support/client.ts'
import { eventually } from './support/eventually.ts'
import { keepEvidence } from './support/evidence.ts'
import { conditionOf, createNamespace, find, get, isReady, kubectl, type Pod, patch } from './support/kubectl.ts'
import { OPERATOR_NAMESPACE, ORDERS } from './support/settings.ts'
import { story } from './support/story.ts'

const NAMESPACE = 'orders'
const POD = 'pod/orders-0'
const MESSAGES = 10_000
const SHOP = 'orders-shop-user-credentials'
const ADMINISTRATOR = 'orders-default-user'
const OBJECTS = ['brokercluster/orders', 'queue/orders', 'queue/orders-dead', 'policy/orders', 'user/orders-shop']

keepEvidence(NAMESPACE, OPERATOR_NAMESPACE)
beforeAll(() => createNamespace(NAMESPACE))
afterAll(() => kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false'))

const messages = async (queue: string) => (await get(NAMESPACE, `queue/${queue}`)).status?.messages
const podIsReady = async () => {
  const pod = await find<Pod>(NAMESPACE, POD)
  return isReady(pod) && pod
}

const step = story()

step('one apply of all objects makes each of them Ready', async () => {
  await kubectl('-n', NAMESPACE, 'apply', '-f', ORDERS)
  await eventually('every object is Ready', 120, async () =>
    (await Promise.all(OBJECTS.map(name => find(NAMESPACE, name)))).every(isReady),
  )
})

step('opening the Service to the outside does not restart the broker', async () => {
  const before = await get<Pod>(NAMESPACE, POD)
  await openNodePort(NAMESPACE, 'orders')
  await eventually('a node port', 30, () => amqpAddress(NAMESPACE, 'orders'))
  await eventually('the cluster is Ready', 30, async () => isReady(await get(NAMESPACE, 'brokercluster/orders')))
  expect((await get<Pod>(NAMESPACE, POD)).metadata.uid).toBe(before.metadata.uid)
})

step('a client outside publishes 10,000 persistent messages by the Service, and all are confirmed', async () => {
  const connection = await connectAs(NAMESPACE, 'orders', SHOP)
  const channel = await connection.createConfirmChannel()
  await publish(channel, { exchange: 'amq.topic', routingKey: 'order.created' }, 0, MESSAGES)
  await connection.close()
  await eventually('kubectl shows them', 60, async () => (await messages('orders')) === MESSAGES)
})

step('after the pod is deleted with no grace, every message is there once', async () => {
  const before = await get<Pod>(NAMESPACE, POD)
  await kubectl('-n', NAMESPACE, 'delete', POD, '--grace-period=0', '--force', '--wait=false')
  await eventually('a new pod is Ready', 120, async () => {
    const pod = await podIsReady()
    return pod && pod.metadata.uid !== before.metadata.uid
  })
  const connection = await eventually('a login', 30, () => connectAs(NAMESPACE, 'orders', SHOP))
  const seen = await readAll(connection, 'orders')
  await connection.close()
  expect(seen.size).toBe(MESSAGES)
  expect([...seen.values()].every(times => times === 1)).toBe(true)
})

step('a changed policy takes effect: the oldest messages above the new length are dead-lettered', async () => {
  await patch(NAMESPACE, 'policy/orders', { spec: { definition: { 'max-length': 100 } } })
  const connection = await connectAs(NAMESPACE, 'orders', ADMINISTRATOR)
  await eventually('the queue is cut', 60, async () => (await depthOf(connection, 'orders')) === 100)
  await eventually('the rest is in the dead-letter queue', 60, async () => {
    return (await depthOf(connection, 'orders-dead')) === MESSAGES - 100
  })
  await connection.close()
  await eventually('kubectl shows both', 60, async () => {
    return (await messages('orders')) === 100 && (await messages('orders-dead')) === MESSAGES - 100
  })
})

step('a deleted Queue that holds messages is kept, and says why', async () => {
  await kubectl('-n', NAMESPACE, 'delete', 'queue/orders', '--wait=false')
  const ready = await eventually('the reason is in the status', 60, async () => {
    const condition = conditionOf(await get(NAMESPACE, 'queue/orders'), 'Ready')
    return condition?.reason === 'KeptWithMessages' && condition
  })
  expect(ready.status).toBe('False')
  expect(ready.message).toContain('still holds 100 messages')
  const connection = await connectAs(NAMESPACE, 'orders', ADMINISTRATOR)
  expect(await depthOf(connection, 'orders')).toBe(100)
  await connection.close()
})

step('once it is empty, the deletion ends', async () => {
  const connection = await connectAs(NAMESPACE, 'orders', ADMINISTRATOR)
  const channel = await connection.createChannel()
  await channel.purgeQueue('orders')
  await connection.close()
  await eventually('the Queue is gone', 60, async () => (await find(NAMESPACE, 'queue/orders')) === undefined)
})

step('nothing that the operator tried was forbidden to it', async () => {
  const log = await kubectl('-n', OPERATOR_NAMESPACE, 'logs', 'deployment/warren')
  expect(log.split('\n').filter(line => /cannot \w+ resource/.test(line))).toEqual([])
})

step('the namespace ends within 60 seconds, messages and all', async () => {
  await kubectl('delete', 'namespace', NAMESPACE, '--wait=false')
  await eventually('the namespace is gone', 60, async () => {
    return (await find(NAMESPACE, `namespace/${NAMESPACE}`)) === undefined
  })
})
