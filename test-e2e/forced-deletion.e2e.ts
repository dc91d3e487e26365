/**
 * A pod is deleted by force while clients publish. Kubernetes then starts the new pod at once and ends the old one when it
 * gets to it, so for seconds two brokers may have the same volume: only one of them may use it.
 */

import { afterAll, beforeAll, expect } from 'vitest'
import { amqpAddress, connectAs, readAll } from './support/client.ts'
import { eventually } from './support/eventually.ts'
import { keepEvidence } from './support/evidence.ts'
import { applyText, createNamespace, find, get, isReady, kubectl, type Pod } from './support/kubectl.ts'
import { OPERATOR_NAMESPACE } from './support/settings.ts'
import { story } from './support/story.ts'

const NAMESPACE = 'forced-deletion'
const POD = 'pod/stock-0'
const ADMINISTRATOR = 'stock-default-user'
const BATCH = 100

const objects = `
apiVersion: warren.dev/v1alpha1
kind: BrokerCluster
metadata: {name: stock}
spec:
  storage: {size: 1Gi, retainOnDelete: false}
  service: {type: NodePort}
---
apiVersion: warren.dev/v1alpha1
kind: Queue
metadata: {name: stock}
spec:
  clusterRef: {name: stock}
`

keepEvidence(NAMESPACE, OPERATOR_NAMESPACE)
beforeAll(() => createNamespace(NAMESPACE))
afterAll(() => kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false'))

/** Publishes until its connection ends; fills `confirmed` with the messageIds that the broker has confirmed. */
async function publishWhileConnected(confirmed: Set<string>): Promise<void> {
  const connection = await connectAs(NAMESPACE, 'stock', ADMINISTRATOR)
  let connected = true
  const closed = new Promise<void>(resolve => connection.on('close', () => resolve())).then(() => {
    connected = false
  })
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => undefined)
  for (let id = 0; connected; id += BATCH) {
    for (let next = id; next < id + BATCH; next++) {
      channel.sendToQueue('stock', Buffer.from('x'), { persistent: true, messageId: `${next}` }, error => {
        if (error === null) confirmed.add(`${next}`)
      })
    }
    await Promise.race([channel.waitForConfirms().catch(() => undefined), closed])
  }
}

const step = story()

step('a cluster with a queue becomes Ready', async () => {
  await applyText(NAMESPACE, objects)
  await eventually('the Queue is Ready', 120, async () => isReady(await find(NAMESPACE, 'queue/stock')))
  await eventually('a node port', 30, () => amqpAddress(NAMESPACE, 'stock'))
})

step('with its pod deleted by force under load, no confirmed message is lost', async () => {
  const before = await get<Pod>(NAMESPACE, POD)
  const confirmed = new Set<string>()
  const publishing = publishWhileConnected(confirmed)
  await eventually('confirms come', 30, async () => confirmed.size > BATCH)
  await kubectl('-n', NAMESPACE, 'delete', POD, '--grace-period=0', '--force', '--wait=false')
  await publishing
  await eventually('a new pod is Ready', 120, async () => {
    const pod = await find<Pod>(NAMESPACE, POD)
    return isReady(pod) && pod?.metadata.uid !== before.metadata.uid
  })
  const connection = await eventually('a login', 30, () => connectAs(NAMESPACE, 'stock', ADMINISTRATOR))
  const seen = await readAll(connection, 'stock')
  await connection.close()
  expect([...confirmed].filter(id => !seen.has(id))).toEqual([])
  expect([...seen.values()].filter(times => times !== 1)).toEqual([])
})
