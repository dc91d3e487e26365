/** `Policy` as a kind of topology. */

import { POLICY, type Policy } from './api/policy.ts'
import type { TopologyKind } from './reconcile-topology.ts'
import { policyDifference, policyName, queuesInForce } from './topology/policy.ts'

export const POLICY_KIND: TopologyKind<Policy> = {
  definition: POLICY,
  live: true,
  identity: policy => [policy.spec.vhost, policyName(policy)],
  difference: async (policy, { view }) => policyDifference(policy, view),
  facts: (policy, { view }) => ({ queues: queuesInForce(policy, view) }),
  removal: policy => ({
    difference: { changes: [{ do: 'deletePolicy', vhost: policy.spec.vhost, name: policyName(policy) }] },
  }),
  leaves: () => false,
}
