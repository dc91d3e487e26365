/** The children of a BrokerCluster: as reviewed (snapshot), the same for the same input, and restricted. */

import fc from 'fast-check'
import { dump } from 'js-yaml'
import { expect, test } from 'vitest'
import { clusterOf, inputs } from '../../test/samples.ts'
import { secretText } from './binding-secret.ts'
import { desiredChildren } from './children.ts'
import { APPLIED_ANNOTATION } from './names.ts'

// biome-ignore lint/suspicious/noExplicitAny: assertions walk freely through manifests
const byKind = (kind: string, name: string, spec = {}): any =>
  desiredChildren(clusterOf(spec), inputs).find(child => child.kind === kind && child.metadata.name === name)

test('the children of a plain cluster are the reviewed ones', async () => {
  const text = desiredChildren(clusterOf(), inputs)
    .map(child => dump(child, { noRefs: true }))
    .join('---\n')
  await expect(text).toMatchFileSnapshot('testdata/children.yaml')
})

test('the children of a cluster with every field set are the reviewed ones', async () => {
  const cluster = clusterOf({
    image: 'registry.example/warren:1',
    storage: { size: '5Gi', className: 'fast', retainOnDelete: false },
    resources: { requests: { cpu: '500m', memory: '512Mi' }, limits: { memory: '1Gi', cpu: 2 } },
    service: { type: 'LoadBalancer', annotations: { 'example.com/dns': 'orders' } },
    config: 'heartbeat = 30',
    affinity: { podAntiAffinity: {} },
    tolerations: [{ key: 'spot', operator: 'Exists' }],
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
  })
  const text = desiredChildren(cluster, inputs)
    .map(child => dump(child, { noRefs: true }))
    .join('---\n')
  await expect(text).toMatchFileSnapshot('testdata/children-full.yaml')
})

test('the same input gives the same bytes, and a new configuration a new pod template', () => {
  const configs = fc
    .array(fc.constantFrom('heartbeat = 10', 'heartbeat = 20', '# note', ''))
    .map(lines => lines.join('\n'))
  fc.assert(
    fc.property(configs, configs, (left, right) => {
      const one = JSON.stringify(desiredChildren(clusterOf({ config: left }), inputs))
      const two = JSON.stringify(desiredChildren(clusterOf({ config: right }), inputs))
      expect(one === two).toBe(left.trim() === right.trim())
    }),
  )
})

test('what is not in the spec of a pod does not restart it', () => {
  const template = (spec: object) => JSON.stringify(byKind('StatefulSet', 'orders', spec).spec.template)
  expect(template({ replicas: 3 })).toBe(template({}))
  expect(template({ service: { type: 'NodePort' } })).toBe(template({}))
  expect(template({ storage: { size: '1Gi', retainOnDelete: false } })).toBe(template({}))
})

test('each child carries a hash that moves with its content', () => {
  const hash = (spec: object) => byKind('Service', 'orders', spec).metadata.annotations[APPLIED_ANNOTATION]
  expect(hash({ service: { type: 'NodePort' } })).not.toBe(hash({}))
})

test('volumes and the Secrets that open them outlive the cluster unless the user said otherwise', () => {
  const kept = byKind('Secret', 'orders-default-user')
  expect(kept.metadata.ownerReferences).toBeUndefined()
  expect(byKind('StatefulSet', 'orders').spec.persistentVolumeClaimRetentionPolicy.whenDeleted).toBe('Retain')
  const spec = { storage: { size: '1Gi', retainOnDelete: false } }
  expect(byKind('Secret', 'orders-default-user', spec).metadata.ownerReferences).toHaveLength(1)
  expect(byKind('StatefulSet', 'orders', spec).spec.persistentVolumeClaimRetentionPolicy.whenDeleted).toBe('Delete')
})

test('the binding holds a URI that survives any password', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (username, password) => {
      fc.pre(username.isWellFormed() && password.isWellFormed())
      const children = desiredChildren(clusterOf(), { ...inputs, defaultUser: { username, password } })
      const secret = children.find(child => child.metadata.name === 'orders-default-user')
      const uri = new URL(secretText(secret, 'uri') ?? '')
      expect(decodeURIComponent(uri.username)).toBe(username)
      expect(decodeURIComponent(uri.password)).toBe(password)
      expect(decodeURIComponent(uri.pathname.slice(1))).toBe('/')
    }),
  )
})
