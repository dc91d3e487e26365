/** What identifies a definition of each kind, and one string that stands for it. */

import type { Arguments, ArgumentValue, DefinitionKind, DefinitionKinds } from './model.ts'

/** The parts of each kind's key. */
export interface DefinitionKeys {
  vhost: [name: string]
  user: [name: string]
  permission: [vhost: string, user: string]
  topicPermission: [vhost: string, user: string, exchange: string]
  exchange: [vhost: string, name: string]
  queue: [vhost: string, name: string]
  binding: [
    vhost: string,
    source: string,
    destinationType: string,
    destination: string,
    routingKey: string,
    args: string,
  ]
  policy: [vhost: string, name: string]
  operatorPolicy: [vhost: string, name: string]
  parameter: [vhost: string, component: string, name: string]
}

export const DEFINITION_KEYS: { [K in DefinitionKind]: (value: Readonly<DefinitionKinds[K]>) => DefinitionKeys[K] } = {
  vhost: vhost => [vhost.name],
  user: user => [user.name],
  permission: ({ vhost, user }) => [vhost, user],
  topicPermission: ({ vhost, user, exchange }) => [vhost, user, exchange],
  exchange: ({ vhost, name }) => [vhost, name],
  queue: ({ vhost, name }) => [vhost, name],
  binding: ({ vhost, source, destinationType, destination, routingKey, arguments: args }) => [
    vhost,
    source,
    destinationType,
    destination,
    routingKey,
    argumentsText(args),
  ],
  policy: ({ vhost, name }) => [vhost, name],
  operatorPolicy: ({ vhost, name }) => [vhost, name],
  parameter: ({ vhost, component, name }) => [vhost, component, name],
}

/** A string that no other tuple of strings gives, whatever the parts hold: each is led by its length. */
export function joinKey(parts: readonly string[]): string {
  let joined = ''
  for (const part of parts) joined += `${part.length}:${part}`
  return joined
}

/** Arguments as text that does not depend on the order of their names: equal arguments, equal text. */
export function argumentsText(args: Arguments): string {
  for (const _ in args) return JSON.stringify(sorted(args))
  return ''
}

function sorted(value: ArgumentValue): ArgumentValue {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const names = Object.keys(value).sort()
  return { '{}': names.map(name => [name, sorted(value[name] ?? null)]) }
}
