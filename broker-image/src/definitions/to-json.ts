/** Definitions in the JSON of RabbitMQ's HTTP API and definitions files. */

import { plainArguments } from './json-values.ts'
import type {
  BindingDefinition,
  ExchangeDefinition,
  ParameterDefinition,
  PermissionDefinition,
  PolicyDefinition,
  QueueDefinition,
  TopicPermissionDefinition,
  UserDefinition,
  VhostDefinition,
} from './model.ts'

export function userJson(user: Readonly<UserDefinition>) {
  return {
    name: user.name,
    password_hash: user.passwordHash,
    hashing_algorithm: user.hashingAlgorithm,
    tags: user.tags,
    limits: user.limits,
  }
}

export function vhostJson(vhost: Readonly<VhostDefinition>) {
  const { description, tags, defaultQueueType } = vhost
  return {
    name: vhost.name,
    description,
    tags,
    default_queue_type: defaultQueueType,
    metadata: { description, tags, default_queue_type: defaultQueueType },
    tracing: vhost.tracing,
  }
}

export function permissionJson(permission: Readonly<PermissionDefinition>) {
  const { user, vhost, configure, write, read } = permission
  return { user, vhost, configure, write, read }
}

export function topicPermissionJson(permission: Readonly<TopicPermissionDefinition>) {
  const { user, vhost, exchange, write, read } = permission
  return { user, vhost, exchange, write, read }
}

export function policyJson(policy: Readonly<PolicyDefinition>) {
  return { vhost: policy.vhost, name: policy.name, ...policyValueJson(policy) }
}

/** A policy without its name, as it stands in a parameter. */
export function policyValueJson({ pattern, applyTo, priority, definition }: Readonly<PolicyDefinition>) {
  return { pattern, 'apply-to': applyTo, priority, definition: plainArguments(definition) }
}

export function exchangeJson(exchange: Readonly<ExchangeDefinition>) {
  return {
    name: exchange.name,
    vhost: exchange.vhost,
    type: exchange.type,
    durable: exchange.durable,
    auto_delete: exchange.autoDelete,
    internal: exchange.internal,
    arguments: plainArguments(exchange.arguments),
  }
}

export function queueJson(queue: Readonly<Omit<QueueDefinition, 'id' | 'exclusive'>>) {
  return {
    name: queue.name,
    vhost: queue.vhost,
    durable: queue.durable,
    auto_delete: queue.autoDelete,
    arguments: plainArguments(queue.arguments),
  }
}

export function bindingJson(binding: Readonly<BindingDefinition>) {
  return {
    source: binding.source,
    vhost: binding.vhost,
    destination: binding.destination,
    destination_type: binding.destinationType,
    routing_key: binding.routingKey,
    arguments: plainArguments(binding.arguments),
  }
}

export function parameterJson({ vhost, component, name, value }: Readonly<ParameterDefinition>) {
  return vhost === '' ? { name, value } : { vhost, component, name, value }
}
