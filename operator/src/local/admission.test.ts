/** Local mode refuses what an API server would refuse, with the same messages. */

import { expect, test } from 'vitest'
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

const REFUSED: [string, string, object, string][] = [
  ['three replicas', 'BrokerCluster', { replicas: 3 }, 'spec.replicas must be 1: this version'],
  ['no replicas', 'BrokerCluster', { replicas: 0 }, 'spec.replicas: must be at least 1'],
  ['a size that is none', 'BrokerCluster', { storage: { size: 'big' } }, 'spec.storage.size: must match'],
  ['an unknown field', 'BrokerCluster', { tls: {} }, 'spec.tls: unknown field (known are replicas'],
  ['a wrong type', 'Queue', { ...ref, durable: 'yes' }, 'spec.durable: must be of type boolean'],
  ['a missing field', 'Queue', {}, 'spec.clusterRef: Required value'],
  ['a word that is none', 'Queue', { ...ref, type: 'stream' }, 'spec.type: must be one of classic, quorum'],
  ['a reserved name', 'Queue', { ...ref, name: 'amq.gen' }, 'spec.name must not start with amq.'],
  [
    'a transient quorum queue',
    'Queue',
    { ...ref, type: 'quorum', durable: false },
    'spec.durable must be true for a quorum',
  ],
  [
    'priorities of a quorum queue',
    'Queue',
    { ...ref, type: 'quorum', arguments: { 'x-max-priority': 3 } },
    'spec.arguments.x-max-priority is for classic queues only',
  ],
  [
    'a delivery limit of a classic queue',
    'Queue',
    { ...ref, arguments: { 'x-delivery-limit': 3 } },
    'spec.arguments.x-delivery-limit is for quorum queues only',
  ],
  [
    'a dead letter key without exchange',
    'Queue',
    { ...ref, arguments: { 'x-dead-letter-routing-key': 'k' } },
    'needs x-dead-letter-exchange beside it',
  ],
  ['overflow without length', 'Queue', { ...ref, arguments: { 'x-overflow': 'drop-head' } }, 'needs x-max-length or'],
  ['the type as argument', 'Queue', { ...ref, arguments: { 'x-queue-type': 'quorum' } }, 'set spec.type'],
  ['a bad argument', 'Queue', { ...ref, arguments: { 'x-max-length': -1 } }, 'x-max-length: must be at least 0'],
  [
    'an empty policy',
    'Policy',
    { ...ref, pattern: '.*', definition: {} },
    'spec.definition: must have at least 1 keys',
  ],
  [
    'exactly without number',
    'Policy',
    { ...ref, pattern: '.*', definition: { 'ha-mode': 'exactly', 'ha-params': 'two' } },
    'spec.definition.ha-params must be the number of replicas',
  ],
  [
    'nodes without names',
    'Policy',
    { ...ref, pattern: '.*', definition: { 'ha-mode': 'nodes' } },
    'must name the nodes',
  ],
  [
    'all with parameters',
    'Policy',
    { ...ref, pattern: '.*', definition: { 'ha-mode': 'all', 'ha-params': 2 } },
    'is not for ha-mode: all',
  ],
  [
    'ha keys without mode',
    'Policy',
    { ...ref, pattern: '.*', definition: { 'ha-sync-mode': 'manual' } },
    'spec.definition.ha-mode is needed',
  ],
  [
    'an unknown policy key',
    'Policy',
    { ...ref, pattern: '.*', definition: { 'message-tll': 1 } },
    'message-tll: unknown field',
  ],
  ['an unknown tag', 'User', { ...ref, tags: ['root'] }, 'spec.tags[0]: must be one of administrator'],
  [
    'two permissions of one virtual host',
    'User',
    { ...ref, permissions: [{ vhost: '/' }, { read: '.*' }] },
    'spec.permissions[1]: Duplicate value of vhost',
  ],
]

test.each(REFUSED)('%s is refused with the field and the fix', (_, kind, spec, message) => {
  expect(() => admitted(kind, spec)).toThrow(message)
})

const IMMUTABLE: [string, string, object, object][] = [
  ['Queue', 'clusterRef', ref, { clusterRef: { name: 'other' } }],
  ['Queue', 'name', { ...ref, name: 'a' }, ref],
  ['Queue', 'vhost', ref, { ...ref, vhost: 'v' }],
  ['Queue', 'type', ref, { ...ref, type: 'quorum' }],
  ['Queue', 'durable', ref, { ...ref, durable: false }],
  ['User', 'name', ref, { ...ref, name: 'b' }],
]

test.each(IMMUTABLE)('%s.spec.%s keeps its value', (kind, field, before, after) => {
  expect(() => admitted(kind, after, before)).toThrow(`spec.${field} cannot change: delete this ${kind}`)
})

test('the size of a volume keeps its value', () => {
  expect(() => admitted('BrokerCluster', { storage: { size: '2Gi' } }, {})).toThrow('spec.storage.size and className')
})

test('what is fine passes: every policy key that fits, and unknown queue arguments', () => {
  const definition = { 'ha-mode': 'exactly', 'ha-params': 2, 'message-ttl': 0, 'dead-letter-exchange': '' }
  expect(admitted('Policy', { ...ref, pattern: '.*', definition })).toBeDefined()
  expect(admitted('Queue', { ...ref, arguments: { 'x-mine': { deep: [1] } } })).toBeDefined()
})
