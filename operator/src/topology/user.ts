/** Compares a `User` with what the broker has: password, tags, limits and permissions. */

import type { User } from '../api/user.ts'
import type { UserInfo } from '../broker-api.ts'
import { sameJson } from '../compare.ts'
import type { Change, Difference } from './change.ts'
import { passwordMatches } from './password.ts'
import { type BrokerView, keyOf } from './view.ts'

export function userName(user: User): string {
  return user.spec.name ?? user.metadata.name
}

/** `administrator` is the name of the operator's own user, which no `User` may take over. */
export function userDifference(user: User, password: string, view: BrokerView, administrator: string): Difference {
  const name = userName(user)
  if (name === administrator) {
    const message = `spec.name "${name}" is the administrator of the BrokerCluster: choose another name`
    return { refusal: { reason: 'NameTaken', message } }
  }
  const missing = [...user.spec.permissions, ...user.spec.topicPermissions].find(({ vhost }) => !view.vhosts.has(vhost))
  if (missing !== undefined) {
    const message = `spec.permissions: the broker has no virtual host "${missing.vhost}": create it, or correct the name`
    return { refusal: { reason: 'VhostMissing', message } }
  }
  const existing = view.users.get(name)
  const { tags } = user.spec
  const put: Change[] =
    existing !== undefined && sameUser(existing, password, tags) ? [] : [{ do: 'putUser', name, password, tags }]
  const changes = [put, limitChanges(user, existing), permissionChanges(user, view), topicPermissionChanges(user, view)]
  return { changes: changes.flat() }
}

/** The broker's name of each limit. */
const LIMITS = { maxConnections: 'max-connections', maxChannels: 'max-channels' } as const

/** The object owns all limits of its user: those it leaves out are taken away. */
function limitChanges(user: User, existing: UserInfo | undefined): Change[] {
  const changes: Change[] = []
  for (const [field, limit] of Object.entries(LIMITS) as [keyof typeof LIMITS, string][]) {
    const value = user.spec.limits[field]
    const given = existing?.limits?.[limit]
    if (value !== undefined && value !== given) changes.push({ do: 'setUserLimit', user: userName(user), limit, value })
    if (value === undefined && given !== undefined) changes.push({ do: 'clearUserLimit', user: userName(user), limit })
  }
  return changes
}

function sameUser(existing: UserInfo, password: string, tags: readonly string[]): boolean {
  const given = typeof existing.tags === 'string' ? existing.tags.split(',').filter(tag => tag !== '') : existing.tags
  return (
    sameJson([...given].sort(), [...tags].sort()) &&
    passwordMatches(password, existing.password_hash, existing.hashing_algorithm)
  )
}

/** The object owns all permissions of its user: those it does not list are taken away. */
function permissionChanges(user: User, view: BrokerView): Change[] {
  const name = userName(user)
  const existing = view.permissions.get(name) ?? new Map()
  const changes: Change[] = []
  for (const wanted of user.spec.permissions) {
    const given = existing.get(wanted.vhost)
    const { vhost, configure, write, read } = wanted
    if (given?.configure !== configure || given?.write !== write || given?.read !== read) {
      changes.push({ do: 'setPermission', user: name, vhost, configure, write, read })
    }
  }
  const listed = new Set(user.spec.permissions.map(wanted => wanted.vhost))
  for (const vhost of existing.keys()) {
    if (!listed.has(vhost)) changes.push({ do: 'clearPermission', user: name, vhost })
  }
  return changes
}

function topicPermissionChanges(user: User, view: BrokerView): Change[] {
  const name = userName(user)
  const existing = view.topicPermissions.get(name) ?? new Map()
  const changes: Change[] = []
  for (const { vhost, exchange, write, read } of user.spec.topicPermissions) {
    const given = existing.get(keyOf(vhost, exchange))
    if (given?.write !== write || given?.read !== read) {
      changes.push({ do: 'setTopicPermission', user: name, vhost, exchange, write, read })
    }
  }
  const listed = new Set(user.spec.topicPermissions.map(wanted => keyOf(wanted.vhost, wanted.exchange)))
  for (const { vhost, exchange } of existing.values()) {
    if (!listed.has(keyOf(vhost, exchange))) changes.push({ do: 'clearTopicPermission', user: name, vhost, exchange })
  }
  return changes
}
