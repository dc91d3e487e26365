/** The local store does what our reconcilers need of an API server. */

import { beforeEach, expect, test } from 'vitest'
import { clusterOf, queueOf } from '../../test/samples.ts'
import { type KubernetesObject, refOf } from '../objects.ts'
import { LocalStore } from './store.ts'

let store: LocalStore

beforeEach(() => {
  store = new LocalStore(() => Date.parse('2026-01-01T00:00:00Z'))
})

const now = (object: KubernetesObject) => store.cached.get(refOf(object))

test('generation moves with the spec only, resourceVersion with every change', async () => {
  const first = store.put(queueOf())
  expect(first.metadata).toMatchObject({
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  })
  await store.objects.applyStatus({ ...first, status: { messages: 1 } })
  expect(now(first)?.metadata).toMatchObject({ generation: 1, resourceVersion: '2' })
  const next = store.put(queueOf({ autoDelete: true }))
  expect(next.metadata).toMatchObject({ generation: 2, resourceVersion: '3', uid: first.metadata.uid })
  expect(next.status).toEqual({ messages: 1 })
})

test('a write that changes nothing is no change', () => {
  const changes: string[] = []
  store.source({ apiVersion: 'warren.dev/v1alpha1', kind: 'Queue' }).subscribe(change => changes.push(change.type))
  store.put(queueOf())
  store.put(queueOf())
  expect(changes).toEqual(['added'])
})

test('finalizers hold what is being deleted, and only a fresh object may change them', async () => {
  const first = store.put(queueOf())
  await store.objects.setFinalizers(first, ['a'])
  await expect(store.objects.setFinalizers(first, [])).rejects.toThrow('has changed')
  store.delete(refOf(first))
  const held = now(first)
  expect(held?.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a'] })
  if (held !== undefined) await store.objects.setFinalizers(held, [])
  expect(now(first)).toBeUndefined()
})

test('an object goes with its last owner', () => {
  const owner = store.put(clusterOf())
  const { apiVersion, kind, metadata } = owner
  const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' }]
  const child = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default', ownerReferences } }
  store.put(child)
  store.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'free', namespace: 'default' } })
  store.delete(refOf(owner))
  expect(store.cached.list({ apiVersion: 'v1', kind: 'ConfigMap' }, '').map(left => left.metadata.name)).toEqual([
    'free',
  ])
})

test('a delete with the uid of a predecessor does nothing', async () => {
  const first = store.put(queueOf())
  await store.objects.delete(refOf(first), 'another')
  expect(now(first)).toBeDefined()
})

test('objects are listed by label', async () => {
  const secret = (name: string, labels: Record<string, string>) =>
    store.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default', labels } })
  secret('a', { x: '1' })
  secret('b', { x: '2' })
  const found = await store.objects.list({ apiVersion: 'v1', kind: 'Secret' }, 'default', { x: '2' })
  expect(found.map(object => object.metadata.name)).toEqual(['b'])
})

test('a status for what is gone is refused', async () => {
  await expect(store.objects.applyStatus(queueOf())).rejects.toMatchObject({ status: 404 })
})
