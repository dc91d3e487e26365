/** Limits that administrators set: connections and queues of a virtual host, connections and channels of a user. */

import type { Definitions } from './definitions.ts'
import { InvalidDefinition, isObject, type JsonObject } from './json-values.ts'

export type VhostLimit = 'max-connections' | 'max-queues'
export type UserLimit = 'max-connections' | 'max-channels'

/** Limits by name; a negative one is no limit. */
export type NamedLimits = { [limit: string]: number }

/** RabbitMQ keeps the limits of a virtual host as the parameter of this component and name. */
export const VHOST_LIMITS = { component: 'vhost-limits', name: 'limits' } as const

const NAMES = { limits: ['max-connections', 'max-queues'], 'user-limits': ['max-connections', 'max-channels'] } as const

/** Reads limits of a virtual host. Throws `InvalidDefinition` in RabbitMQ's words. */
export function vhostLimitsFrom(json: unknown): NamedLimits {
  const complaint = complaintAbout(json, 'limits')
  if (complaint !== undefined) throw new InvalidDefinition(`Validation failed\n\n${complaint}\n`)
  return { ...(json as NamedLimits) }
}

/** Reads limits of a user. Throws `InvalidDefinition` in RabbitMQ's words. */
export function userLimitsFrom(json: unknown): NamedLimits {
  const complaint = complaintAbout(json, 'user-limits')
  if (complaint !== undefined) throw new InvalidDefinition(complaint)
  return { ...(json as NamedLimits) }
}

/** The limits that were set for a virtual host. */
export function limitsOfVhost(definitions: Definitions, vhost: string): Readonly<NamedLimits> {
  const parameter = definitions.get('parameter', [vhost, VHOST_LIMITS.component, VHOST_LIMITS.name])
  return isObject(parameter?.value) ? (parameter.value as NamedLimits) : {}
}

/** A limit of a virtual host; Infinity when there is none. */
export function vhostLimit(definitions: Definitions, vhost: string, limit: VhostLimit): number {
  return bound(limitsOfVhost(definitions, vhost)[limit])
}

/** A limit of a user; Infinity when there is none. */
export function userLimit(definitions: Definitions, user: string, limit: UserLimit): number {
  return bound(definitions.get('user', [user])?.limits[limit])
}

function bound(limit: number | undefined): number {
  return limit === undefined || limit < 0 ? Number.POSITIVE_INFINITY : limit
}

/** RabbitMQ writes a table without entries as an empty list. */
function complaintAbout(json: unknown, kind: keyof typeof NAMES): string | undefined {
  if (Array.isArray(json) && json.length === 0) return undefined
  if (!isObject(json)) return `${kind} should be an object`
  const names: readonly string[] = NAMES[kind]
  const unknown = Object.keys(json).filter(name => !names.includes(name))
  if (unknown.length > 0) return `Unrecognised terms [${unknown.map(name => term(name, json)).join(',')}] in ${kind}`
  for (const [name, value] of Object.entries(json)) {
    if (!Number.isSafeInteger(value)) return `${name} should be a number, actually was ${erlang(value)}`
  }
  return undefined
}

const term = (name: string, json: JsonObject): string => `{${erlang(name)},${erlang(json[name])}}`

/** Texts in RabbitMQ's errors stand as Erlang prints them. */
const erlang = (value: unknown): string => (typeof value === 'string' ? `<<"${value}">>` : JSON.stringify(value))
