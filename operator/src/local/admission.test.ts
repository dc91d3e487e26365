/** Local mode refuses what an API server would refuse, with the same messages. */

import { expect, test } from 'vitest'
import { IMMUTABLE, REFUSED } from '../../test/refused.ts'
import { API_VERSION } from '../api/group.ts'
import { KINDS } from '../api/kinds.ts'
import type { KubernetesObject } from '../objects.ts'
import { admit } from './admission.ts'

function admitted(kindName: string, spec: object, before?: object): KubernetesObject {
  const kind = KINDS.find(known => known.kind === kindName)
  if (kind === undefined) throw new Error(`no kind ${kindName}`)
  const object = (fields: object) => ({
    apiVersion: API_VERSION,
    kind: kindName,
    metadata: { name: 'x', namespace: 'default' },
    spec: fields,
  })
  return admit(kind, object(spec), before && admit(kind, object(before), undefined))
}

const ref = { clusterRef: { name: 'orders' } }

test('defaults are filled in, nested ones too', () => {
  expect(admitted('BrokerCluster', {}).spec).toEqual({
    replicas: 1,
    storage: { size: '10Gi', retainOnDelete: true },
    service: { type: 'ClusterIP' },
    config: '',
  })
  expect(admitted('Queue', { ...ref, bindings: [{ exchange: 'amq.topic' }] }).spec).toEqual({
    ...ref,
    vhost: '/',
    type: 'classic',
    durable: true,
    autoDelete: false,
    arguments: {},
    bindings: [{ exchange: 'amq.topic', routingKey: '', arguments: {} }],
    deletionPolicy: 'KeepWithMessages',
  })
})

test.each(REFUSED)('%s is refused with the field and the fix', (_, kind, spec, message) => {
  expect(() => admitted(kind, spec)).toThrow(message)
})

test.each(IMMUTABLE)('%s.spec.%s keeps its value', (kind, field, before, after) => {
  expect(() => admitted(kind, after, before)).toThrow(`spec.${field} cannot change: delete this ${kind}`)
})

test('the size of a volume keeps its value', () => {
  expect(() => admitted('BrokerCluster', { storage: { size: '2Gi' } }, {})).toThrow('spec.storage.size and className')
})

test.each([
  ['Queue', 'q'.repeat(51), 'metadata.name must have at most 50 characters'],
  ['BrokerCluster', 'orders.eu', 'metadata.name must begin with a letter'],
  ['BrokerCluster', '1st', 'metadata.name must begin with a letter'],
])('%s "%s" is refused for its name', (kindName, name, message) => {
  const kind = KINDS.find(known => known.kind === kindName)
  const object = { apiVersion: API_VERSION, kind: kindName, metadata: { name, namespace: 'default' }, spec: ref }
  expect(() => kind && admit(kind, object, undefined)).toThrow(message)
})

test('what is fine passes: every policy key that fits, and unknown queue arguments', () => {
  const definition = { 'ha-mode': 'exactly', 'ha-params': 2, 'message-ttl': 0, 'dead-letter-exchange': '' }
  expect(admitted('Policy', { ...ref, pattern: '.*', definition })).toBeDefined()
  expect(admitted('Queue', { ...ref, arguments: { 'x-mine': { deep: [1] } } })).toBeDefined()
})
