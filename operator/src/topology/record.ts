/**
 * Carries a change that was made over to our view of the broker, so that the view stays true until the next read: what
 * was made must not look missing (and be made again), what was deleted must not look equal.
 */

import type { BindingInfo } from '../broker-api.ts'
import type { Change } from './change.ts'
import { passwordHash } from './password.ts'
import { type BrokerView, inner, keyOf } from './view.ts'

type Records = { [Name in Change['do']]: (view: BrokerView, change: Extract<Change, { do: Name }>) => void }

const RECORDS: Records = {
  declareQueue: (view, { vhost, name, durable, autoDelete, arguments: given }) => {
    view.queues.set(keyOf(vhost, name), { vhost, name, durable, auto_delete: autoDelete, arguments: given })
  },
  deleteQueue: (view, { vhost, name }) => {
    view.queues.delete(keyOf(vhost, name))
    view.bindings.delete(keyOf(vhost, name))
  },
  bind: (view, { vhost, queue, exchange, routingKey, arguments: given }) => {
    const binding: BindingInfo = {
      vhost,
      source: exchange,
      destination: queue,
      destination_type: 'queue',
      routing_key: routingKey,
      arguments: given,
    }
    inner(view.bindings, keyOf(vhost, queue)).set(JSON.stringify(binding), binding)
  },
  unbind: (view, { vhost, queue, exchange, propertiesKey }) => {
    view.bindings.get(keyOf(vhost, queue))?.delete(keyOf(exchange, propertiesKey))
  },
  putPolicy: (view, { policy }) => {
    view.policies.set(keyOf(policy.vhost, policy.name), policy)
  },
  deletePolicy: (view, { vhost, name }) => {
    view.policies.delete(keyOf(vhost, name))
  },
  putUser: (view, { name, password, tags }) => {
    const limits = view.users.get(name)?.limits ?? {}
    view.users.set(name, { name, password_hash: passwordHash(password), tags: [...tags], limits })
  },
  deleteUser: (view, { name }) => {
    view.users.delete(name)
    view.permissions.delete(name)
    view.topicPermissions.delete(name)
  },
  setUserLimit: (view, { user, limit, value }) => {
    const given = view.users.get(user)
    if (given !== undefined) view.users.set(user, { ...given, limits: { ...given.limits, [limit]: value } })
  },
  clearUserLimit: (view, { user, limit }) => {
    const given = view.users.get(user)
    if (given === undefined) return
    const { [limit]: _, ...limits } = given.limits ?? {}
    view.users.set(user, { ...given, limits })
  },
  setPermission: (view, { do: _, ...given }) => {
    inner(view.permissions, given.user).set(given.vhost, given)
  },
  clearPermission: (view, { user, vhost }) => {
    view.permissions.get(user)?.delete(vhost)
  },
  setTopicPermission: (view, { do: _, ...given }) => {
    inner(view.topicPermissions, given.user).set(keyOf(given.vhost, given.exchange), given)
  },
  clearTopicPermission: (view, { user, vhost, exchange }) => {
    view.topicPermissions.get(user)?.delete(keyOf(vhost, exchange))
  },
}

export function recordIn(view: BrokerView, change: Change): void {
  const record = RECORDS[change.do] as (view: BrokerView, change: Change) => void
  record(view, change)
}
