/** A needed change of the broker as data, the request that makes it, and what it does to our view of the broker. */

import type { Arguments, PolicyInfo, Request } from '../broker-api.ts'

export type Change =
  | { do: 'declareQueue'; vhost: string; name: string; durable: boolean; autoDelete: boolean; arguments: Arguments }
  | { do: 'deleteQueue'; vhost: string; name: string; ifEmpty: boolean }
  | { do: 'bind'; vhost: string; queue: string; exchange: string; routingKey: string; arguments: Arguments }
  | { do: 'unbind'; vhost: string; queue: string; exchange: string; propertiesKey: string }
  | { do: 'putPolicy'; policy: PolicyInfo }
  | { do: 'deletePolicy'; vhost: string; name: string }
  | { do: 'putUser'; name: string; password: string; tags: readonly string[] }
  | { do: 'deleteUser'; name: string }
  | { do: 'setUserLimit'; user: string; limit: string; value: number }
  | { do: 'clearUserLimit'; user: string; limit: string }
  | { do: 'setPermission'; user: string; vhost: string; configure: string; write: string; read: string }
  | { do: 'clearPermission'; user: string; vhost: string }
  | { do: 'setTopicPermission'; user: string; vhost: string; exchange: string; write: string; read: string }
  | { do: 'clearTopicPermission'; user: string; vhost: string; exchange: string }

/** The comparison of one object with the broker: changes (none when equal), or why nothing may be changed. */
export type Difference = { changes: readonly Change[] } | { refusal: { reason: string; message: string } }

type Requests = { [Name in Change['do']]: (change: Extract<Change, { do: Name }>) => Request }

const REQUESTS: Requests = {
  declareQueue: ({ vhost, name, durable, autoDelete, arguments: given }) => ({
    method: 'PUT',
    path: ['queues', vhost, name],
    body: { durable, auto_delete: autoDelete, arguments: given },
  }),
  deleteQueue: ({ vhost, name, ifEmpty }) => ({
    method: 'DELETE',
    path: ['queues', vhost, name],
    ...(ifEmpty && { query: 'if-empty=true' }),
  }),
  bind: ({ vhost, queue, exchange, routingKey, arguments: given }) => ({
    method: 'POST',
    path: ['bindings', vhost, 'e', exchange, 'q', queue],
    body: { routing_key: routingKey, arguments: given },
  }),
  unbind: ({ vhost, queue, exchange, propertiesKey }) => ({
    method: 'DELETE',
    path: ['bindings', vhost, 'e', exchange, 'q', queue, propertiesKey],
  }),
  putPolicy: ({ policy: { vhost, name, ...body } }) => ({ method: 'PUT', path: ['policies', vhost, name], body }),
  deletePolicy: ({ vhost, name }) => ({ method: 'DELETE', path: ['policies', vhost, name] }),
  putUser: ({ name, password, tags }) => ({
    method: 'PUT',
    path: ['users', name],
    body: { password, tags: tags.join(',') },
  }),
  deleteUser: ({ name }) => ({ method: 'DELETE', path: ['users', name] }),
  setUserLimit: ({ user, limit, value }) => ({ method: 'PUT', path: ['user-limits', user, limit], body: { value } }),
  clearUserLimit: ({ user, limit }) => ({ method: 'DELETE', path: ['user-limits', user, limit] }),
  setPermission: ({ user, vhost, configure, write, read }) => ({
    method: 'PUT',
    path: ['permissions', vhost, user],
    body: { configure, write, read },
  }),
  clearPermission: ({ user, vhost }) => ({ method: 'DELETE', path: ['permissions', vhost, user] }),
  setTopicPermission: ({ user, vhost, exchange, write, read }) => ({
    method: 'PUT',
    path: ['topic-permissions', vhost, user],
    body: { exchange, write, read },
  }),
  clearTopicPermission: ({ user, vhost, exchange }) => ({
    method: 'DELETE',
    path: ['topic-permissions', vhost, user, exchange],
  }),
}

export function requestOf(change: Change): Request {
  const make = REQUESTS[change.do] as (change: Change) => Request
  return make(change)
}
