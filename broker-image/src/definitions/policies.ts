/** Policies: what a definition may say, which policy holds for a queue or exchange, and what the two kinds give together. */

import { compileStoredPattern, type Pattern, patternProblem } from '../pattern/pattern.ts'
import type { Arguments, ArgumentValue, PolicyDefinition } from './model.ts'
import { POLICY_KEYS } from './policy-keys.ts'

/** The fields of a policy as an API takes them. */
export type PolicySpec = Pick<PolicyDefinition, 'pattern' | 'applyTo' | 'priority' | 'definition'>

const APPLY_TO = ['queues', 'exchanges', 'all'] as const

/** What is wrong with a policy in RabbitMQ's words, or undefined. `isOperator`: the keys of an operator policy are fewer. */
export function validatePolicy(policy: PolicySpec, isOperator = false): string | undefined {
  const problem = patternProblem(policy.pattern)
  if (problem !== undefined) return `pattern should be regular expression, got ${term(policy.pattern)}: ${problem}`
  if (!APPLY_TO.includes(policy.applyTo)) {
    return `apply-to should be one of queues, exchanges or all, got ${term(policy.applyTo)}`
  }
  if (!Number.isSafeInteger(policy.priority)) return `priority should be integer, got ${term(policy.priority)}`
  return validateDefinition(policy.definition, isOperator)
}

function validateDefinition(definition: Arguments, isOperator: boolean): string | undefined {
  const keys = Object.keys(definition)
  if (keys.length === 0) return 'no policy provided'
  const unknown = keys.filter(key => !isKnown(key, isOperator))
  if (unknown.length > 0) return `[${unknown.map(term).join(',')}] are not recognised policy settings`
  for (const key of keys) {
    const value = definition[key] ?? null
    const known = POLICY_KEYS[key]
    if (!known?.isValid(value)) return `${term(value)} ${known?.complaint}`
  }
  return validateMirroring(definition)
}

function isKnown(key: string, isOperator: boolean): boolean {
  const known = Object.hasOwn(POLICY_KEYS, key) ? POLICY_KEYS[key] : undefined
  return known !== undefined && (!isOperator || known.operatorMerge !== undefined)
}

/** `ha-params` must fit `ha-mode` [rabbit_mirror_queue_misc]. */
function validateMirroring(definition: Arguments): string | undefined {
  const mode = definition['ha-mode']
  const params = definition['ha-params']
  if (mode === undefined) {
    const others = Object.keys(definition).filter(key => key.startsWith('ha-'))
    return others.length === 0 ? undefined : `ha-mode must be specified to specify ${others.join(', ')}`
  }
  if (mode === 'all' && params !== undefined) return `ha-mode="all" does not take parameters, got ${term(params)}`
  if (mode === 'exactly' && typeof params !== 'number') {
    return `ha-mode="exactly" takes an integer, got ${term(params ?? null)}`
  }
  if (mode === 'nodes' && !(Array.isArray(params) && params.length > 0)) {
    return `ha-mode="nodes" takes a list of at least one node name, got ${term(params ?? null)}`
  }
  return undefined
}

/** A value as RabbitMQ prints it in its errors, for those that read them by program. */
function term(value: ArgumentValue): string {
  if (typeof value === 'string') return `<<"${value}">>`
  if (Array.isArray(value)) return `[${value.map(term).join(',')}]`
  return value === null ? 'none' : JSON.stringify(value)
}

interface CompiledPolicy {
  policy: Readonly<PolicyDefinition>
  pattern: Pattern
}

/** Policies of one virtual host, ready to be matched: the highest priority first, then by name. */
export type CompiledPolicies = readonly CompiledPolicy[]

export function compilePolicies(policies: readonly Readonly<PolicyDefinition>[]): CompiledPolicies {
  return policies
    .map(policy => ({ policy, pattern: compileStoredPattern(policy.pattern) }))
    .sort((a, b) => b.policy.priority - a.policy.priority || (a.policy.name < b.policy.name ? -1 : 1))
}

/** The one policy that holds for the queue or exchange: of those that match, the one of the highest priority. */
export function matchPolicy(
  policies: CompiledPolicies,
  kind: 'queues' | 'exchanges',
  name: string,
): Readonly<PolicyDefinition> | undefined {
  return policies.find(({ policy, pattern }) => appliesTo(policy, kind) && pattern.test(name))?.policy
}

function appliesTo(policy: Readonly<PolicyDefinition>, kind: 'queues' | 'exchanges'): boolean {
  return policy.applyTo === 'all' || policy.applyTo === kind
}

type PolicyLike = Readonly<Pick<PolicyDefinition, 'definition'>>

/** What holds where a user's policy and an operator's meet: the lower of two numbers, else whichever is there. */
export function mergePolicies(user: PolicyLike | undefined, operator: PolicyLike | undefined): Arguments {
  const merged: Arguments = { ...user?.definition }
  for (const [key, value] of Object.entries(operator?.definition ?? {})) {
    const own = merged[key]
    merged[key] = typeof own === 'number' && typeof value === 'number' ? Math.min(own, value) : value
  }
  return merged
}
