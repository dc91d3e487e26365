/** `Policy`: settings for all queues or exchanges of a virtual host whose names match a pattern. */

import { type Static, Type } from '@sinclair/typebox'
import { brokerName, ClusterRef, Vhost } from './cluster-ref.ts'
import { Conditions, ObservedGeneration } from './condition.ts'
import { AGE_COLUMN, CLUSTER_COLUMN, type KindDefinition, READY_COLUMN, REASON_COLUMN, type Resource } from './kind.ts'
import { SHORT_NAME } from './name-rule.ts'
import { PolicyDefinition, policyDefinitionRules } from './policy-definition.ts'
import { immutable, type Rule } from './rule.ts'
import { oneOf } from './schema.ts'

export const PolicySpec = Type.Object(
  {
    clusterRef: ClusterRef,
    name: Type.Optional(brokerName('Name of the policy in the broker; metadata.name if left out.')),
    vhost: Vhost,
    pattern: Type.String({
      minLength: 1,
      maxLength: 1024,
      description:
        'Regular expression over names of queues or exchanges. Without ^ and $ it matches anywhere in a name.',
    }),
    applyTo: oneOf(['queues', 'exchanges', 'all'], { default: 'all', description: 'What the policy is for.' }),
    priority: Type.Integer({
      default: 0,
      minimum: -2147483648,
      maximum: 2147483647,
      description: 'Of the policies that match, the one with the highest priority is in force, alone.',
    }),
    definition: PolicyDefinition,
  },
  { description: 'What the policy should be.' },
)

const PolicyStatus = Type.Object(
  {
    observedGeneration: Type.Optional(ObservedGeneration),
    conditions: Type.Optional(Conditions),
    queues: Type.Optional(Type.Integer({ description: 'Number of queues that the policy is in force for.' })),
  },
  { description: 'What the policy is.' },
)

export type PolicySpec = Static<typeof PolicySpec>
export type PolicyStatus = Static<typeof PolicyStatus>
export type Policy = Resource<PolicySpec, PolicyStatus>

const rules: readonly Rule<PolicySpec>[] = [
  immutable<PolicySpec>('Policy', 'clusterRef'),
  immutable<PolicySpec>('Policy', 'name'),
  immutable<PolicySpec>('Policy', 'vhost'),
  ...policyDefinitionRules,
]

export const POLICY: KindDefinition = {
  kind: 'Policy',
  plural: 'policies',
  shortNames: [],
  description: 'Settings for the queues or exchanges of a BrokerCluster whose names match a pattern.',
  spec: PolicySpec,
  status: PolicyStatus,
  rules,
  nameRules: [SHORT_NAME],
  columns: [
    READY_COLUMN,
    CLUSTER_COLUMN,
    { name: 'Pattern', type: 'string', jsonPath: '.spec.pattern', description: 'Names that it is for.' },
    { name: 'Apply-To', type: 'string', jsonPath: '.spec.applyTo', description: 'Queues, exchanges or all.' },
    { name: 'Priority', type: 'integer', jsonPath: '.spec.priority', description: 'The highest wins.' },
    { name: 'Queues', type: 'integer', jsonPath: '.status.queues', description: 'Queues that it is in force for.' },
    { ...REASON_COLUMN, priority: 1 },
    AGE_COLUMN,
  ],
}
