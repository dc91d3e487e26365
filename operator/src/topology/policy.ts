/** Compares a `Policy` with what the broker has. */

import type { Policy } from '../api/policy.ts'
import type { Arguments, PolicyInfo } from '../broker-api.ts'
import { sameJson } from '../compare.ts'
import type { Difference } from './change.ts'
import { type BrokerView, keyOf } from './view.ts'

export function policyName(policy: Policy): string {
  return policy.spec.name ?? policy.metadata.name
}

/** The policy in RabbitMQ's words. Names of nodes become a list, which a CRD could not check. */
export function wantedPolicy(policy: Policy): PolicyInfo {
  const { vhost, pattern, applyTo, priority, definition } = policy.spec
  const settings: Arguments = { ...definition }
  const params = definition['ha-params']
  if (typeof params === 'string') settings['ha-params'] = params.split(',').map(node => node.trim())
  return { vhost, name: policyName(policy), pattern, 'apply-to': applyTo, priority, definition: settings }
}

export function policyDifference(policy: Policy, view: BrokerView): Difference {
  const wanted = wantedPolicy(policy)
  if (!view.vhosts.has(wanted.vhost)) {
    const message = `spec.vhost: the broker has no virtual host "${wanted.vhost}": create it, or correct the name`
    return { refusal: { reason: 'VhostMissing', message } }
  }
  const existing = view.policies.get(keyOf(wanted.vhost, wanted.name))
  return {
    changes: existing !== undefined && samePolicy(existing, wanted) ? [] : [{ do: 'putPolicy', policy: wanted }],
  }
}

function samePolicy(left: PolicyInfo, right: PolicyInfo): boolean {
  return (
    left.pattern === right.pattern &&
    left['apply-to'] === right['apply-to'] &&
    left.priority === right.priority &&
    sameJson(left.definition, right.definition)
  )
}

/** Queues that the policy is in force for. */
export function queuesInForce(policy: Policy, view: BrokerView): number {
  return view.queuesOfPolicy.get(keyOf(policy.spec.vhost, policyName(policy))) ?? 0
}
