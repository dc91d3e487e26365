/** The plan writes what is missing or different, and nothing twice. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clusterOf, inputs } from '../test/samples.ts'
import { includesJson, sameJson } from './compare.ts'
import { desiredChildren } from './desired/children.ts'
import type { KubernetesObject } from './objects.ts'
import { plan } from './plan.ts'

const specs = fc.record({
  replicas: fc.constant(1),
  config: fc.constantFrom('', 'heartbeat = 10', '# note'),
  storage: fc.record({ size: fc.constantFrom('1Gi', '2Gi'), retainOnDelete: fc.boolean() }),
  service: fc.record(
    { type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const), annotations: fc.constant({ a: 'b' }) },
    { requiredKeys: ['type'] },
  ),
})

/** As an API server would: the object with fields of its own beside ours. */
function stored(object: KubernetesObject): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, uid: 'u', resourceVersion: '1' }, status: { any: 1 } }
}

test('after any history of specs, carrying the plan out leaves nothing to plan', () => {
  fc.assert(
    fc.property(fc.array(specs, { minLength: 1, maxLength: 4 }), history => {
      const world = new Map<string, KubernetesObject>()
      const find = (child: KubernetesObject) => world.get(`${child.kind}/${child.metadata.name}`)
      for (const spec of history) {
        const desired = desiredChildren(clusterOf(spec), inputs)
        for (const { object } of plan(desired, find))
          world.set(`${object.kind}/${object.metadata.name}`, stored(object))
        expect(plan(desired, find)).toEqual([])
      }
    }),
    { numRuns: 30 },
  )
})

test('a field that left the spec is noticed, though all that is wanted is there', () => {
  const find = (annotations?: { [key: string]: string }) => {
    const children = desiredChildren(
      clusterOf({ service: { type: 'ClusterIP', ...(annotations && { annotations }) } }),
      inputs,
    )
    return (child: KubernetesObject) =>
      children.find(one => one.kind === child.kind && one.metadata.name === child.metadata.name)
  }
  const actions = plan(desiredChildren(clusterOf(), inputs), find({ dns: 'x' }))
  expect(actions.map(({ do: what, object }) => `${what} ${object.kind}/${object.metadata.name}`)).toEqual([
    'update Service/orders',
  ])
})

test('an object that is not ours is never updated in place', () => {
  const stranger = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'orders', namespace: 'default' } }
  const service = desiredChildren(clusterOf(), inputs).filter(child => child.kind === 'Service')
  expect(plan(service, () => stranger).map(action => action.do)).toEqual(['create', 'create'])
})

test('equality and inclusion of JSON agree with each other', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
      expect(includesJson(left, left)).toBe(true)
      expect(sameJson(left, JSON.parse(JSON.stringify(left)))).toBe(true)
      if (sameJson(left, right)) expect(includesJson(left, right) && includesJson(right, left)).toBe(true)
    }),
  )
  expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true)
  expect(includesJson({ a: [1, { b: 2, c: 3 }] }, { a: [1, { b: 2 }] })).toBe(true)
  expect(includesJson({ a: [1, 2] }, { a: [1] })).toBe(false)
})

test.each([
  [{ cpu: '1' }, { cpu: '1000m' }, true],
  [{ cpu: '500m', memory: '1Gi' }, { memory: '1024Mi' }, true],
  [{ memory: '1G' }, { memory: '1Gi' }, false],
  [{ memory: '1Gi' }, { cpu: '1' }, false],
])('quantities %j include %j: %s', (limits, wanted, expected) => {
  expect(includesJson({ resources: { limits } }, { resources: { limits: wanted } })).toBe(expected)
})
