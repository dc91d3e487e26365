/** What `helm install` brings: a restricted operator, CRDs that explain themselves, and rules that the API server enforces. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepEvidence } from './support/evidence.ts'
import { applyText, createNamespace, get, kubectl, list, type Pod, patch, refusalOf } from './support/kubectl.ts'
import { OPERATOR_NAMESPACE } from './support/settings.ts'

const NAMESPACE = 'refusals'

keepEvidence(OPERATOR_NAMESPACE)

const manifest = (kind: string, spec: object) =>
  JSON.stringify({ apiVersion: 'warren.dev/v1alpha1', kind, metadata: { name: 'example' }, spec })

test('the operator runs where only the restricted profile is allowed, and has not restarted', async () => {
  const pods = await list<Pod>(OPERATOR_NAMESPACE, 'pods')
  expect(pods).toHaveLength(1)
  expect(pods.flatMap(({ status }) => status.containerStatuses?.map(({ restartCount }) => restartCount))).toEqual([0])
})

test('kubectl explain tells what a field is for', async () => {
  expect(await kubectl('explain', 'queue.spec.deletionPolicy')).toContain('KeepWithMessages')
  expect(await kubectl('explain', 'bc.spec.storage.retainOnDelete')).toMatch(/DESCRIPTION:\s+Whether/)
})

describe('the API server refuses', () => {
  beforeAll(async () => {
    await createNamespace(NAMESPACE)
    await applyText(NAMESPACE, manifest('Queue', { clusterRef: { name: 'none' }, arguments: { 'x-max-length': 5 } }))
  })
  afterAll(async () => {
    await kubectl('delete', 'namespace', NAMESPACE, '--wait=false')
  })

  const cluster = { clusterRef: { name: 'orders' } }
  test.each([
    ['more than one broker', 'BrokerCluster', { replicas: 3 }, 'spec.replicas must be 1'],
    [
      'an overflow rule without a maximum',
      'Queue',
      { ...cluster, arguments: { 'x-overflow': 'drop-head' } },
      'x-overflow needs x-max-length or x-max-length-bytes beside it',
    ],
    [
      'ha-mode exactly without a number',
      'Policy',
      { ...cluster, pattern: '.*', definition: { 'ha-mode': 'exactly' } },
      'ha-params must be the number of replicas',
    ],
    ['a user with an unknown tag', 'User', { ...cluster, tags: ['king'] }, 'Unsupported value: "king"'],
    ['a field that does not exist', 'Queue', { ...cluster, durabel: true }, 'unknown field "spec.durabel"'],
  ])('%s', async (_, kind, spec, words) => {
    expect(await refusalOf(applyText(NAMESPACE, manifest(kind, spec)))).toContain(words)
  })

  test('a change of what cannot change, and says how to get there', async () => {
    const refusal = await refusalOf(patch(NAMESPACE, 'queue/example', { spec: { durable: false } }))
    expect(refusal).toContain('spec.durable cannot change: delete this Queue and create it again')
    expect((await get(NAMESPACE, 'queue/example')).spec['durable']).toBe(true)
  })
})
