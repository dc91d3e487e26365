/** What makes objects due: children for their cluster, a cluster for its objects, and not its numbers. */

import { expect, test } from 'vitest'
import { clusterOf, inputs, queueOf } from '../test/samples.ts'
import { controllers, serviceAddress } from './controllers.ts'
import { desiredChildren } from './desired/children.ts'
import { LocalStore } from './local/store.ts'
import type { ReconcileLog } from './runtime/outcome.ts'

const silent: ReconcileLog = { debug() {}, info() {}, warn() {}, error() {} }

function specs(store: LocalStore) {
  return controllers({
    objects: store.objects,
    cached: store.cached,
    clock: { now: () => 0, after: () => () => undefined },
    random: () => 0.5,
    log: silent,
    brokerImage: 'warren-broker:test',
    events: { record() {} },
  })
}

const spec = (store: LocalStore, kind: string) => {
  const found = specs(store).find(candidate => candidate.kind.kind === kind)
  if (found === undefined) throw new Error(`no controller of ${kind}`)
  return found
}

const withReady = (status: string, messages = 0) => ({
  ...clusterOf(),
  status: {
    messages,
    conditions: [{ type: 'Ready', status: status as 'True', reason: 'R', message: '', lastTransitionTime: '' }],
  },
})

test('a child makes its own cluster due, every watched kind of it', () => {
  const { related } = spec(new LocalStore(() => 0), 'BrokerCluster')
  const children = desiredChildren(clusterOf(), inputs).filter(child => child.kind !== 'Secret')
  for (const child of children) {
    const watched = related.find(one => one.kind.kind === child.kind && one.kind.apiVersion === child.apiVersion)
    expect(watched?.keys(child), child.kind).toEqual([{ namespace: 'default', name: 'orders' }])
    expect(child.metadata.labels, child.kind).toMatchObject(watched?.labels ?? {})
  }
})

test('no Secret is watched', () => {
  const kinds = specs(new LocalStore(() => 0)).flatMap(one => [one.kind, ...one.related.map(other => other.kind)])
  expect(kinds.map(kind => kind.kind)).not.toContain('Secret')
})

test('a cluster makes its own objects due, when it turns Ready or goes', () => {
  const store = new LocalStore(() => 0)
  store.put(queueOf({}, 'mine'))
  store.put(queueOf({ clusterRef: { name: 'other' } }, 'theirs'))
  const [related] = spec(store, 'Queue').related
  expect(related?.keys(clusterOf())).toEqual([{ namespace: 'default', name: 'mine' }])
  expect(related?.changed?.(withReady('False'), withReady('True'))).toBe(true)
  expect(related?.changed?.(withReady('True'), withReady('False'))).toBe(true)
  expect(related?.changed?.(withReady('True', 1), withReady('True', 2))).toBe(false)
  const going = { ...withReady('True'), metadata: { ...clusterOf().metadata, deletionTimestamp: 'now' } }
  expect(related?.changed?.(withReady('True'), going)).toBe(true)
})

test('brokers are reached by the Service of their cluster', () => {
  expect(serviceAddress(clusterOf())).toEqual({ host: 'orders.default.svc', amqpPort: 5672, managementPort: 15672 })
})
