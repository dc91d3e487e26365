/** Specs that nobody may store: the API server refuses them (schema, CEL), and so does local mode. */

const ref = { clusterRef: { name: 'orders' } }

/** What is wrong, the kind, the spec, and a part of the message that local mode gives. */
export const REFUSED: [string, string, object, string][] = [
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
    'a quorum queue that goes with its consumers',
    'Queue',
    { ...ref, type: 'quorum', autoDelete: true },
    'spec.autoDelete must be false for a quorum',
  ],
  [
    'priorities of a quorum queue',
    'Queue',
    { ...ref, type: 'quorum', arguments: { 'x-max-priority': 3 } },
    'spec.arguments.x-max-priority is for classic queues only',
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

/** The kind, the field, and two specs of which the second must not follow the first. */
export const IMMUTABLE: [string, string, object, object][] = [
  ['Queue', 'clusterRef', ref, { clusterRef: { name: 'other' } }],
  ['Queue', 'name', { ...ref, name: 'a' }, ref],
  ['Queue', 'vhost', ref, { ...ref, vhost: 'v' }],
  ['Queue', 'type', ref, { ...ref, type: 'quorum' }],
  ['Queue', 'durable', ref, { ...ref, durable: false }],
  ['User', 'name', ref, { ...ref, name: 'b' }],
]
