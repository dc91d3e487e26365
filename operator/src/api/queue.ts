/** `Queue`: a queue of a BrokerCluster, its bindings, and what becomes of its messages when it is deleted. */

import { type Static, Type } from '@sinclair/typebox'
import { brokerName, ClusterRef, Vhost } from './cluster-ref.ts'
import { Conditions, ObservedGeneration } from './condition.ts'
import { AGE_COLUMN, CLUSTER_COLUMN, type KindDefinition, READY_COLUMN, REASON_COLUMN, type Resource } from './kind.ts'
import { SHORT_NAME } from './name-rule.ts'
import { QueueArguments, queueArgumentRules } from './queue-arguments.ts'
import { immutable, type Rule } from './rule.ts'
import { oneOf, openObject } from './schema.ts'

const Binding = Type.Object(
  {
    exchange: brokerName('Exchange that messages come from, such as amq.topic. It must exist.'),
    routingKey: Type.String({ default: '', maxLength: 255, description: 'Routing key or topic pattern.' }),
    arguments: openObject({ default: {}, description: 'Arguments of the binding, such as x-match and headers.' }),
  },
  { description: 'One binding from an exchange to this queue.' },
)

export const QueueSpec = Type.Object(
  {
    clusterRef: ClusterRef,
    name: Type.Optional(brokerName('Name of the queue in the broker; metadata.name if left out.')),
    vhost: Vhost,
    type: oneOf(['classic', 'quorum'], {
      default: 'classic',
      description: 'classic, or quorum: durable, keeps all messages, and counts how often each came back.',
    }),
    durable: Type.Boolean({ default: true, description: 'Whether the queue is still there after a restart.' }),
    autoDelete: Type.Boolean({
      default: false,
      description: 'Whether the broker deletes the queue when its last consumer has gone.',
    }),
    arguments: QueueArguments,
    bindings: Type.Array(Binding, {
      default: [],
      maxItems: 128,
      description: 'Bindings of this queue. Those made by others are left alone; one removed from here is unbound.',
    }),
    deletionPolicy: oneOf(['KeepWithMessages', 'Delete', 'Retain'], {
      default: 'KeepWithMessages',
      description:
        'What deleting this object does in the broker. KeepWithMessages waits until the queue is empty; Delete takes the messages with it; Retain leaves the queue.',
    }),
  },
  { description: 'What the queue should be.' },
)

const QueueStatus = Type.Object(
  {
    observedGeneration: Type.Optional(ObservedGeneration),
    conditions: Type.Optional(Conditions),
    messages: Type.Optional(
      Type.Integer({
        format: 'int64',
        description: 'Messages in the queue, those waiting for an acknowledgement included.',
      }),
    ),
    consumers: Type.Optional(Type.Integer({ description: 'Number of consumers.' })),
    state: Type.Optional(
      Type.String({ maxLength: 64, description: 'State that the broker reports, such as running.' }),
    ),
    policy: Type.Optional(Type.String({ maxLength: 255, description: 'Name of the policy in force.' })),
    bindings: Type.Optional(Type.Array(Binding, { maxItems: 128, description: 'Bindings that this object made.' })),
  },
  { description: 'What the queue is.' },
)

export type QueueSpec = Static<typeof QueueSpec>
export type QueueStatus = Static<typeof QueueStatus>
export type QueueBinding = Static<typeof Binding>
export type Queue = Resource<QueueSpec, QueueStatus>

const rules: readonly Rule<QueueSpec>[] = [
  immutable<QueueSpec>('Queue', 'clusterRef'),
  immutable<QueueSpec>('Queue', 'name'),
  immutable<QueueSpec>('Queue', 'vhost'),
  immutable<QueueSpec>('Queue', 'type'),
  immutable<QueueSpec>('Queue', 'durable'),
  {
    cel: "self.type != 'quorum' || self.durable",
    message: 'spec.durable must be true for a quorum queue: leave it out or choose type classic',
    holds: spec => spec.type !== 'quorum' || spec.durable,
  },
  {
    cel: "self.type != 'quorum' || !self.autoDelete",
    message: 'spec.autoDelete must be false for a quorum queue: leave it out or choose type classic',
    holds: spec => spec.type !== 'quorum' || !spec.autoDelete,
  },
  {
    cel: "!has(self.name) || !self.name.startsWith('amq.')",
    message: 'spec.name must not start with amq.: the broker keeps such names for itself',
    holds: spec => spec.name === undefined || !spec.name.startsWith('amq.'),
  },
  ...queueArgumentRules,
]

export const QUEUE: KindDefinition = {
  kind: 'Queue',
  plural: 'queues',
  shortNames: [],
  description: 'A queue of a BrokerCluster, with its bindings.',
  spec: QueueSpec,
  status: QueueStatus,
  rules,
  nameRules: [SHORT_NAME],
  columns: [
    READY_COLUMN,
    CLUSTER_COLUMN,
    { name: 'Messages', type: 'integer', jsonPath: '.status.messages', description: 'Messages in the queue.' },
    { name: 'Consumers', type: 'integer', jsonPath: '.status.consumers', description: 'Number of consumers.' },
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'Type of the queue.', priority: 1 },
    { name: 'Policy', type: 'string', jsonPath: '.status.policy', description: 'Policy in force.', priority: 1 },
    REASON_COLUMN,
    AGE_COLUMN,
  ],
}
