/** `User`: a user of a BrokerCluster with a password in a Secret and permissions per virtual host. */

import { type Static, Type } from '@sinclair/typebox'
import { brokerName, ClusterRef, Vhost } from './cluster-ref.ts'
import { Conditions, ObservedGeneration } from './condition.ts'
import { AGE_COLUMN, CLUSTER_COLUMN, type KindDefinition, READY_COLUMN, REASON_COLUMN, type Resource } from './kind.ts'
import { SHORT_NAME } from './name-rule.ts'
import { immutable, type Rule } from './rule.ts'
import { keyedList, oneOf } from './schema.ts'

const expression = (description: string) =>
  Type.String({ default: '', maxLength: 1024, description: `${description} ("" allows nothing, ".*" everything).` })

const Permission = Type.Object(
  {
    vhost: Vhost,
    configure: expression('Regular expression over the names that the user may declare and delete'),
    write: expression('Regular expression over the names that the user may publish to and bind'),
    read: expression('Regular expression over the names that the user may consume and bind from'),
  },
  { description: 'What the user may do in one virtual host.' },
)

const TopicPermission = Type.Object(
  {
    vhost: Vhost,
    exchange: brokerName('Topic exchange that this is about.'),
    write: expression('Regular expression over the routing keys that the user may publish with'),
    read: expression('Regular expression over the routing keys that the user may bind with'),
  },
  { description: 'Which routing keys of one topic exchange the user may use.' },
)

const Limits = Type.Object(
  {
    maxConnections: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Most connections that the user may have open.' }),
    ),
    maxChannels: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Most channels that the user may have open, in all connections together.',
      }),
    ),
  },
  { default: {}, description: 'How much the user may open; what is left out is not limited.' },
)

export const UserSpec = Type.Object(
  {
    clusterRef: ClusterRef,
    name: Type.Optional(brokerName('Name of the user in the broker; metadata.name if left out.')),
    tags: Type.Array(
      oneOf(['administrator', 'monitoring', 'policymaker', 'management', 'impersonator'], {
        description: "One of RabbitMQ's tags.",
      }),
      {
        default: [],
        maxItems: 8,
        'x-kubernetes-list-type': 'set',
        description: 'What the user may do in the management API.',
      },
    ),
    passwordSecretRef: Type.Optional(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 253, description: 'Name of the Secret in the same namespace.' }),
          key: Type.String({
            default: 'password',
            minLength: 1,
            maxLength: 253,
            description: 'Key of the password in it.',
          }),
        },
        { description: 'Where the password is. A random one is made if left out.' },
      ),
    ),
    permissions: Type.Array(
      Permission,
      keyedList(['vhost'], { default: [], maxItems: 64, description: 'Permissions, one item a virtual host.' }),
    ),
    topicPermissions: Type.Array(
      TopicPermission,
      keyedList(['vhost', 'exchange'], {
        default: [],
        maxItems: 64,
        description: 'Permissions on routing keys, one item a topic exchange. Without an item all keys are allowed.',
      }),
    ),
    limits: Limits,
  },
  { description: 'What the user should be.' },
)

const UserStatus = Type.Object(
  {
    observedGeneration: Type.Optional(ObservedGeneration),
    conditions: Type.Optional(Conditions),
    binding: Type.Optional(
      Type.Object(
        { name: Type.String({ maxLength: 253, description: 'Name of the Secret.' }) },
        {
          description:
            'Secret with type, provider, host, port, username, password, vhost and uri, as service binding expects.',
        },
      ),
    ),
  },
  { description: 'What the user is.' },
)

export type UserSpec = Static<typeof UserSpec>
export type UserStatus = Static<typeof UserStatus>
export type User = Resource<UserSpec, UserStatus>

const rules: readonly Rule<UserSpec>[] = [
  immutable<UserSpec>('User', 'clusterRef'),
  immutable<UserSpec>('User', 'name'),
]

export const USER: KindDefinition = {
  kind: 'User',
  plural: 'users',
  shortNames: [],
  description: 'A user of a BrokerCluster, with permissions and a Secret to connect with.',
  spec: UserSpec,
  status: UserStatus,
  rules,
  nameRules: [SHORT_NAME],
  columns: [
    READY_COLUMN,
    CLUSTER_COLUMN,
    { name: 'Secret', type: 'string', jsonPath: '.status.binding.name', description: 'Secret to connect with.' },
    REASON_COLUMN,
    AGE_COLUMN,
  ],
}
