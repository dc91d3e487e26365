/** What a broker held when it was last read, indexed for comparison, and kept true by our own writes in between. */

import type {
  BindingInfo,
  DefinitionsInfo,
  PermissionInfo,
  PolicyInfo,
  QueueInfo,
  TopicPermissionInfo,
  UserInfo,
} from '../broker-api.ts'

/** Joins names to a key; names may hold anything but the separator, which no AMQP short string should. */
export function keyOf(...names: readonly string[]): string {
  return names.join('\u0000')
}

/** Bindings of one queue, told apart by exchange and properties key. */
export type QueueBindings = Map<string, BindingInfo>

export class BrokerView {
  readonly vhosts: ReadonlySet<string>
  /** By vhost and name. */
  readonly queues = new Map<string, QueueInfo>()
  /** By vhost and queue; the binding to the default exchange, which every queue has, is left out. */
  readonly bindings = new Map<string, QueueBindings>()
  /** By vhost and name. */
  readonly policies = new Map<string, PolicyInfo>()
  readonly users = new Map<string, UserInfo>()
  /** By user, then by vhost. */
  readonly permissions = new Map<string, Map<string, PermissionInfo>>()
  /** By user, then by vhost and exchange. */
  readonly topicPermissions = new Map<string, Map<string, TopicPermissionInfo>>()
  /** Queues that each policy is in force for, by vhost and policy. */
  readonly queuesOfPolicy = new Map<string, number>()

  constructor(definitions: DefinitionsInfo, queues: readonly QueueInfo[], bindings: readonly BindingInfo[]) {
    this.vhosts = new Set(definitions.vhosts.map(vhost => vhost.name))
    for (const queue of queues) this.#addQueue(queue)
    for (const binding of bindings) this.addBinding(binding)
    for (const policy of definitions.policies) this.policies.set(keyOf(policy.vhost, policy.name), policy)
    for (const user of definitions.users) this.users.set(user.name, user)
    for (const given of definitions.permissions) inner(this.permissions, given.user).set(given.vhost, given)
    for (const given of definitions.topic_permissions) {
      inner(this.topicPermissions, given.user).set(keyOf(given.vhost, given.exchange), given)
    }
  }

  #addQueue(queue: QueueInfo): void {
    this.queues.set(keyOf(queue.vhost, queue.name), queue)
    if (!queue.policy) return
    const policy = keyOf(queue.vhost, queue.policy)
    this.queuesOfPolicy.set(policy, (this.queuesOfPolicy.get(policy) ?? 0) + 1)
  }

  addBinding(binding: BindingInfo): void {
    if (binding.destination_type !== 'queue' || binding.source === '') return
    const ofQueue = inner(this.bindings, keyOf(binding.vhost, binding.destination))
    ofQueue.set(keyOf(binding.source, binding.properties_key ?? ''), binding)
  }
}

/** The map under `key`, made when there is none. */
export function inner<Value>(outer: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  let map = outer.get(key)
  if (map === undefined) {
    map = new Map()
    outer.set(key, map)
  }
  return map
}
