/** `BrokerCluster`: brokers, their storage, how they are reached and configured. */

import { type Static, Type } from '@sinclair/typebox'
import { Conditions, ObservedGeneration } from './condition.ts'
import { AGE_COLUMN, type KindDefinition, READY_COLUMN, REASON_COLUMN, type Resource } from './kind.ts'
import { LABEL_NAME, SHORT_NAME } from './name-rule.ts'
import type { Rule } from './rule.ts'
import { intOrString, mapOf, oneOf, openObject } from './schema.ts'

const QUANTITY = '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$'

const Storage = Type.Object(
  {
    size: Type.String({
      default: '10Gi',
      maxLength: 32,
      pattern: QUANTITY,
      description: 'Size of the volume of each broker, such as 10Gi.',
    }),
    className: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 253,
        description: 'StorageClass of the volumes; the default class of the Kubernetes cluster if left out.',
      }),
    ),
    retainOnDelete: Type.Boolean({
      default: true,
      description: 'Whether the volumes, and the messages on them, outlive the BrokerCluster.',
    }),
  },
  { default: {}, description: 'Where messages and definitions are kept.' },
)

const quantities = (description: string) =>
  Type.Optional(
    mapOf<number | string>(
      intOrString({
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        pattern: QUANTITY,
        maxLength: 32,
        description: 'A quantity such as 500m or 1Gi.',
      }),
      { maxProperties: 16, description },
    ),
  )

const Resources = Type.Object(
  {
    requests: quantities('What the scheduler sets aside for a broker, such as cpu: 500m and memory: 512Mi.'),
    limits: quantities('What a broker may not exceed.'),
  },
  { description: 'CPU and memory of a broker.' },
)

const Service = Type.Object(
  {
    type: oneOf(['ClusterIP', 'NodePort', 'LoadBalancer'], {
      default: 'ClusterIP',
      description: 'How the Service for clients is reached.',
    }),
    annotations: Type.Optional(
      mapOf<string>(Type.String({ maxLength: 4096, description: 'Value of the annotation.' }), {
        maxProperties: 32,
        description: 'Annotations of the Service for clients, for load balancers and DNS.',
      }),
    ),
  },
  { default: {}, description: 'The Service that clients connect to.' },
)

const Users = Type.Object(
  {
    defaultUserSecretRef: Type.Optional(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 253, description: 'Name of the Secret in the same namespace.' }),
        },
        {
          description:
            'Secret with the keys username and password for the administrator. Read when the broker first starts; a random password is made if left out.',
        },
      ),
    ),
  },
  { description: 'Users that the cluster itself brings.' },
)

export const BrokerClusterSpec = Type.Object(
  {
    replicas: Type.Integer({ default: 1, minimum: 1, maximum: 9, description: 'Number of brokers.' }),
    image: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description: 'Image of the broker; the one that came with the operator if left out.',
      }),
    ),
    storage: Storage,
    resources: Type.Optional(Resources),
    service: Service,
    config: Type.String({
      default: '',
      maxLength: 32768,
      description: 'Lines of rabbitmq.conf, added after those of the operator. A change restarts the brokers.',
    }),
    users: Type.Optional(Users),
    affinity: Type.Optional(openObject({ description: 'Affinity of the pods, as in a pod spec.' })),
    tolerations: Type.Optional(
      Type.Array(openObject({ description: 'One toleration, as in a pod spec.' }), {
        maxItems: 32,
        description: 'Taints that the pods tolerate.',
      }),
    ),
    topologySpreadConstraints: Type.Optional(
      Type.Array(openObject({ description: 'One constraint, as in a pod spec.' }), {
        maxItems: 8,
        description: 'How the pods spread over zones and nodes.',
      }),
    ),
  },
  { description: 'What the cluster should be.' },
)

const Node = Type.Object(
  {
    name: Type.String({ maxLength: 253, description: 'Name of the pod.' }),
    ready: Type.Boolean({ description: 'Whether it serves clients.' }),
    version: Type.Optional(Type.String({ maxLength: 64, description: 'Version of the broker that runs in it.' })),
  },
  { description: 'One broker.' },
)

export const BrokerClusterStatus = Type.Object(
  {
    observedGeneration: Type.Optional(ObservedGeneration),
    conditions: Type.Optional(Conditions),
    replicas: Type.Optional(Type.Integer({ description: 'Number of brokers that run.' })),
    readyReplicas: Type.Optional(Type.Integer({ description: 'Number of brokers that serve clients.' })),
    nodes: Type.Optional(Type.Array(Node, { maxItems: 9, description: 'The brokers.' })),
    endpoints: Type.Optional(
      Type.Object(
        {
          amqp: Type.String({ maxLength: 512, description: 'host:port for AMQP 0-9-1 clients.' }),
          management: Type.String({ maxLength: 512, description: 'URL of the management API.' }),
        },
        { description: 'Where the cluster is reached.' },
      ),
    ),
    binding: Type.Optional(
      Type.Object(
        { name: Type.String({ maxLength: 253, description: 'Name of the Secret.' }) },
        {
          description:
            'Secret with type, provider, host, port, username, password, vhost and uri of the administrator, as service binding expects.',
        },
      ),
    ),
    queues: Type.Optional(Type.Integer({ description: 'Number of queues.' })),
    messages: Type.Optional(
      Type.Integer({
        format: 'int64',
        description: 'Messages in all queues, those waiting for an acknowledgement included.',
      }),
    ),
    consumers: Type.Optional(Type.Integer({ description: 'Number of consumers.' })),
  },
  { description: 'What the cluster is.' },
)

export type BrokerClusterSpec = Static<typeof BrokerClusterSpec>
export type BrokerClusterStatus = Static<typeof BrokerClusterStatus>
export type BrokerCluster = Resource<BrokerClusterSpec, BrokerClusterStatus>

const rules: readonly Rule<BrokerClusterSpec>[] = [
  {
    cel: 'self.replicas <= 1',
    message:
      'spec.replicas must be 1: this version of Warren runs one broker a cluster; more come with a later version',
    holds: spec => spec.replicas <= 1,
  },
  {
    cel: 'self.storage.size == oldSelf.storage.size && has(self.storage.className) == has(oldSelf.storage.className) && (!has(self.storage.className) || self.storage.className == oldSelf.storage.className)',
    message: 'spec.storage.size and className cannot change: create a new BrokerCluster and move the messages to it',
    holds: (spec, before) =>
      before === undefined ||
      (spec.storage.size === before.storage.size && spec.storage.className === before.storage.className),
  },
]

export const BROKER_CLUSTER: KindDefinition = {
  kind: 'BrokerCluster',
  plural: 'brokerclusters',
  shortNames: ['bc'],
  description: 'A cluster of brokers that speak AMQP 0-9-1 as RabbitMQ does.',
  spec: BrokerClusterSpec,
  status: BrokerClusterStatus,
  rules,
  nameRules: [SHORT_NAME, LABEL_NAME],
  columns: [
    READY_COLUMN,
    {
      name: 'Replicas',
      type: 'integer',
      jsonPath: '.status.readyReplicas',
      description: 'Brokers that serve clients.',
    },
    { name: 'Queues', type: 'integer', jsonPath: '.status.queues', description: 'Number of queues.' },
    { name: 'Messages', type: 'integer', jsonPath: '.status.messages', description: 'Messages in all queues.' },
    { name: 'Consumers', type: 'integer', jsonPath: '.status.consumers', description: 'Number of consumers.' },
    { ...REASON_COLUMN, priority: 1 },
    AGE_COLUMN,
  ],
}
