/** The operator dies in the middle of its work: brokers and their clients must not notice. */

import { afterAll, beforeAll, expect } from 'vitest'
import { amqpAddress, connectAs, openNodePort, publish, readAll } from './support/client.ts'
import { eventually } from './support/eventually.ts'
import { keepEvidence } from './support/evidence.ts'
import { applyText, createNamespace, find, get, isReady, kubectl, list, type Pod } from './support/kubectl.ts'
import { OPERATOR_NAMESPACE } from './support/settings.ts'
import { story } from './support/story.ts'

const NAMESPACE = 'operator-killed'
const POD = 'pod/events-0'
const ADMINISTRATOR = 'events-default-user'
const BATCH = 500

keepEvidence(NAMESPACE, OPERATOR_NAMESPACE)
beforeAll(() => createNamespace(NAMESPACE))
afterAll(() => kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false'))

const cluster = `
apiVersion: warren.dev/v1alpha1
kind: BrokerCluster
metadata: {name: events}
spec:
  storage: {size: 1Gi}
  service: {type: NodePort}
`
const queue = (name: string) => `
apiVersion: warren.dev/v1alpha1
kind: Queue
metadata: {name: ${name}}
spec:
  clusterRef: {name: events}
`

const queueIsReady = async (name: string) => isReady(await find(NAMESPACE, `queue/${name}`))
const operatorPods = () => list<Pod>(OPERATOR_NAMESPACE, 'pods', '-l', 'app.kubernetes.io/name=warren-operator')

/** Messages that the broker has confirmed so far. */
let confirmed = 0

const step = story()

step('a Queue that was applied before its cluster becomes Ready after it', async () => {
  await applyText(NAMESPACE, queue('early'))
  await applyText(NAMESPACE, cluster)
  await eventually('the Queue is Ready', 120, () => queueIsReady('early'))
})

step('with the operator killed under load, nothing is lost and no broker restarts', async () => {
  const broker = await get<Pod>(NAMESPACE, POD)
  const set = await get(NAMESPACE, 'statefulset/events')
  const connection = await connectAs(NAMESPACE, 'events', ADMINISTRATOR)
  const channel = await connection.createConfirmChannel()
  const killed = await operatorPods()

  let running = true
  const publishing = (async () => {
    while (running) {
      await publish(channel, { exchange: '', routingKey: 'early' }, confirmed, BATCH)
      confirmed += BATCH
    }
  })()
  await applyText(NAMESPACE, queue('late'))
  const names = killed.map(({ metadata }) => `pod/${metadata.name}`)
  await kubectl('-n', OPERATOR_NAMESPACE, 'delete', ...names, '--grace-period=0', '--force', '--wait=false')
  await applyText(NAMESPACE, queue('later'))
  await eventually('a new operator does the rest of the work', 120, async () => {
    return (await queueIsReady('late')) && (await queueIsReady('later'))
  })
  running = false
  await publishing

  const seen = await readAll(connection, 'early')
  await connection.close()
  expect(confirmed).toBeGreaterThan(0)
  expect(seen.size).toBe(confirmed)
  const uids = (await operatorPods()).map(({ metadata }) => metadata.uid)
  expect(uids).not.toContain(killed[0]?.metadata.uid)
  const after = await get<Pod>(NAMESPACE, POD)
  expect(after.metadata.uid).toBe(broker.metadata.uid)
  expect(after.status.containerStatuses?.[0]?.restartCount).toBe(0)
  expect((await get(NAMESPACE, 'statefulset/events')).metadata.generation).toBe(set.metadata.generation)
})

step('volumes outlive the BrokerCluster, and a new one of the name finds its messages', async () => {
  const before = await get<Pod>(NAMESPACE, POD)
  await kubectl('-n', NAMESPACE, 'delete', 'brokercluster/events', '--timeout=60s')
  await eventually('the pod is gone', 90, async () => (await find(NAMESPACE, POD)) === undefined)
  expect(await list(NAMESPACE, 'pvc')).toHaveLength(1)
  await applyText(NAMESPACE, cluster)
  await eventually('the Queue is Ready again', 120, async () => {
    const pod = await find<Pod>(NAMESPACE, POD)
    return isReady(pod) && pod?.metadata.uid !== before.metadata.uid && (await queueIsReady('early'))
  })
  await openNodePort(NAMESPACE, 'events')
  await eventually('a node port', 30, () => amqpAddress(NAMESPACE, 'events'))
  const connection = await eventually('a login', 30, () => connectAs(NAMESPACE, 'events', ADMINISTRATOR))
  const seen = await readAll(connection, 'early')
  await connection.close()
  expect(seen.size).toBe(confirmed)
})
