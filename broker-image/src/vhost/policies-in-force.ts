/** The policies that are in force in a virtual host, and what they make of each queue and exchange. */
import type { Definitions } from '../definitions/definitions.ts'
import { type CompiledPolicies, compilePolicies, matchPolicy, mergePolicies } from '../definitions/policies.ts'
import type { Queue } from '../queue/queue.ts'
import type { VhostExchange } from './vhost-exchange.ts'

export class PoliciesInForce {
  #policies: CompiledPolicies = []
  #operatorPolicies: CompiledPolicies = []

  /** Takes up what is defined now; `applyToQueue` and `applyToExchange` then go by it. */
  read(definitions: Definitions, vhost: string): void {
    const of = (kind: 'policy' | 'operatorPolicy'): CompiledPolicies =>
      compilePolicies(definitions.list(kind).filter(policy => policy.vhost === vhost))
    this.#policies = of('policy')
    this.#operatorPolicies = of('operatorPolicy')
  }

  applyToQueue(queue: Queue): void {
    const policy = matchPolicy(this.#policies, 'queues', queue.name)
    const operatorPolicy = matchPolicy(this.#operatorPolicies, 'queues', queue.name)
    queue.operatorPolicyName = operatorPolicy?.name
    queue.applyPolicy(policy?.name, mergePolicies(policy, operatorPolicy))
  }

  applyToExchange(exchange: VhostExchange): void {
    const policy = matchPolicy(this.#policies, 'exchanges', exchange.name)
    exchange.policyName = policy?.name
    exchange.effectivePolicy = policy?.definition ?? {}
  }
}
