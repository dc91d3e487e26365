/** `ClusterObjects` and the Lease client, over HTTP: what is sent, and what becomes of refusals. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeApiServer } from '../../test/fake-api-server.ts'
import { FastClock } from '../../test/fast-clock.ts'
import { ApiError, type KubernetesObject } from '../objects.ts'
import { ApiHttp } from './http.ts'
import { leaseClient } from './lease-client.ts'
import { ClusterObjects } from './objects.ts'
import { collectionPath, objectPath } from './paths.ts'

const QUEUES = 'warren.dev/v1alpha1/queues'
const REF = { apiVersion: 'warren.dev/v1alpha1', kind: 'Queue', namespace: 'ns', name: 'orders' }

let clock: FastClock
let server: FakeApiServer
let http: ApiHttp
let objects: ClusterObjects

function queue(extra: Partial<KubernetesObject['metadata']> = {}): KubernetesObject {
  const { apiVersion, kind, namespace, name } = REF
  return { apiVersion, kind, metadata: { name, namespace, ...extra }, spec: { vhost: '/' } }
}

beforeEach(async () => {
  clock = new FastClock(100)
  server = new FakeApiServer()
  const address = await server.start()
  http = new ApiHttp(
    { server: address, authorize: () => Promise.resolve({ headers: { authorization: 'Bearer t' } }) },
    clock,
  )
  objects = new ClusterObjects(http)
})

afterEach(async () => {
  await server.stop()
  clock.stop()
})

describe('ClusterObjects', () => {
  it('answers undefined for an object that is not there', async () => {
    expect(await objects.get(REF)).toBeUndefined()
  })

  it('lists all pages, with kinds', async () => {
    for (let n = 0; n < 501; n += 1) server.store.create(QUEUES, queue({ name: `q${n}` }))
    const listed = await objects.list(REF, 'ns')
    expect(listed).toHaveLength(501)
    expect(listed[500]).toMatchObject({ kind: 'Queue', apiVersion: 'warren.dev/v1alpha1' })
  })

  it('lists by labels', async () => {
    server.store.create(QUEUES, queue({ name: 'mine', labels: { app: 'warren', tier: 'x' } }))
    server.store.create(QUEUES, queue({ name: 'other' }))
    const listed = await objects.list(REF, 'ns', { app: 'warren', tier: 'x' })
    expect(listed.map(object => object.metadata.name)).toEqual(['mine'])
  })

  it('applies on the server under the one field manager, forced', async () => {
    const stored = await objects.apply(queue())
    expect(stored.metadata.uid).toBe('uid-1')
    const sent = server.requests[0]
    expect(sent).toMatchObject({ method: 'PATCH', contentType: 'application/apply-patch+yaml' })
    expect(Object.fromEntries(sent?.query ?? [])).toEqual({ fieldManager: 'warren-operator', force: 'true' })
  })

  it('applies a status by its subresource, and nothing but the status', async () => {
    server.store.create(QUEUES, queue())
    await objects.applyStatus({ ...queue(), status: { messages: 3 } })
    expect(server.requests[0]?.path).toMatch(/\/queues\/orders\/status$/)
    expect(server.requests[0]?.body).not.toHaveProperty('spec')
    expect(server.store.get(QUEUES, 'ns/orders')).toMatchObject({ spec: { vhost: '/' }, status: { messages: 3 } })
  })

  it('sets finalizers only on the version it was given', async () => {
    const first = server.store.create(QUEUES, queue())
    await objects.setFinalizers(first, ['warren.dev/queue'])
    expect(server.store.get(QUEUES, 'ns/orders')?.metadata.finalizers).toEqual(['warren.dev/queue'])
    await expect(objects.setFinalizers(first, [])).rejects.toMatchObject({ status: 409, reason: 'Conflict' })
  })

  it('deletes in the background, takes "gone already" as success, and spares a successor', async () => {
    const first = server.store.create(QUEUES, queue())
    await objects.delete(REF, first.metadata.uid)
    expect(server.requests[0]?.body).toMatchObject({ propagationPolicy: 'Background', preconditions: { uid: 'uid-1' } })
    await objects.delete(REF, first.metadata.uid)
    server.store.create(QUEUES, queue())
    await objects.delete(REF, first.metadata.uid)
    expect(server.store.get(QUEUES, 'ns/orders')?.metadata.uid).toBe('uid-2')
  })

  it('turns a refusal into an ApiError with status, reason and message', async () => {
    server.listFaults = [{ kind: 'refuse', status: 403 }]
    const refused = objects.list(REF, 'ns')
    await expect(refused).rejects.toThrow(ApiError)
    await expect(refused).rejects.toMatchObject({ status: 403, message: 'fault' })
  })

  it('gives up a request that is not answered', async () => {
    server.listFaults = [{ kind: 'half-open' }]
    await expect(objects.list(REF, 'ns')).rejects.toThrow('no answer for 30000 ms')
  })

  it('sends its credentials', async () => {
    await objects.get(REF)
    expect(server.requests[0]?.authorization).toBe('Bearer t')
  })
})

describe('paths', () => {
  it('knows core and grouped kinds, in one namespace and in all', () => {
    expect(objectPath({ apiVersion: 'v1', kind: 'Secret', namespace: 'ns', name: 'a' })).toBe(
      '/api/v1/namespaces/ns/secrets/a',
    )
    expect(collectionPath({ apiVersion: 'apps/v1', kind: 'StatefulSet' }, '')).toBe('/apis/apps/v1/statefulsets')
  })

  it('refuses a kind it does not know', () => {
    expect(() => collectionPath({ apiVersion: 'v1', kind: 'Node' }, '')).toThrow('no REST path known for v1 Node')
  })
})

describe('leaseClient', () => {
  const lease = {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    leaseTransitions: 0,
    acquireTimeMs: 1_700_000_000_123,
    renewTimeMs: 1_700_000_000_123,
  }

  it('creates, reads and swaps by version', async () => {
    const client = leaseClient(http, 'ns', 'warren-operator')
    expect(await client.get()).toBeUndefined()
    const created = await client.put(lease)
    expect(await client.get()).toEqual(created)
    expect(created).toMatchObject(lease)
    await client.put({ ...created, holderIdentity: 'b' })
    await expect(client.put({ ...created, holderIdentity: 'c' })).rejects.toMatchObject({ status: 409 })
    await expect(client.put(lease)).rejects.toMatchObject({ status: 409, reason: 'AlreadyExists' })
  })

  it('writes times with six digits of a second', async () => {
    await leaseClient(http, 'ns', 'warren-operator').put(lease)
    expect(server.requests[0]?.body).toMatchObject({ spec: { renewTime: '2023-11-14T22:13:20.123000Z' } })
  })
})
