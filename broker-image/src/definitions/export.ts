/** The definitions file of RabbitMQ (`GET /api/definitions`): everything a broker was told to have, without messages. */

import type { Definitions } from './definitions.ts'
import type { BindingDefinition } from './model.ts'
import {
  bindingJson,
  exchangeJson,
  parameterJson,
  permissionJson,
  policyJson,
  policyValueJson,
  queueJson,
  topicPermissionJson,
  userJson,
  vhostJson,
} from './to-json.ts'

export interface ProductIdentity {
  name: string
  version: string
}

const PREDECLARED = /^(amq\..*)?$/

/** All virtual hosts. Exclusive queues and their bindings, and the exchanges that are always there, are left out. */
export function exportDefinitions(definitions: Definitions, product: ProductIdentity) {
  const list = definitions.list.bind(definitions)
  const operatorPolicies = list('operatorPolicy').map(policy => ({
    vhost: policy.vhost,
    component: 'operator_policy',
    name: policy.name,
    value: policyValueJson(policy),
  }))
  return {
    rabbit_version: product.version,
    rabbitmq_version: product.version,
    product_name: product.name,
    product_version: product.version,
    users: list('user').map(userJson),
    vhosts: list('vhost').map(vhostJson),
    permissions: list('permission').map(permissionJson),
    topic_permissions: list('topicPermission').map(topicPermissionJson),
    parameters: [
      ...list('parameter')
        .filter(({ vhost }) => vhost !== '')
        .map(parameterJson),
      ...operatorPolicies,
    ],
    global_parameters: list('parameter')
      .filter(({ vhost }) => vhost === '')
      .map(parameterJson),
    policies: list('policy').map(policyJson),
    queues: list('queue')
      .filter(queue => !queue.exclusive)
      .map(queueJson),
    exchanges: list('exchange')
      .filter(exchange => !PREDECLARED.test(exchange.name))
      .map(exchangeJson),
    bindings: list('binding')
      .filter(binding => !isOfExclusiveQueue(definitions, binding))
      .map(bindingJson),
  }
}

/** One virtual host; users and permissions are not part of it, and nothing names the virtual host. */
export function exportVhost(definitions: Definitions, vhost: string, product: ProductIdentity) {
  const all = exportDefinitions(definitions, product)
  const own = (entries: { vhost?: string }[]): unknown[] =>
    entries.filter(entry => entry.vhost === vhost).map(({ vhost: _, ...rest }) => rest)
  return {
    rabbit_version: all.rabbit_version,
    rabbitmq_version: all.rabbitmq_version,
    product_name: all.product_name,
    product_version: all.product_version,
    parameters: own(all.parameters),
    policies: own(all.policies),
    queues: own(all.queues),
    exchanges: own(all.exchanges),
    bindings: own(all.bindings),
  }
}

function isOfExclusiveQueue(definitions: Definitions, binding: Readonly<BindingDefinition>): boolean {
  if (binding.destinationType !== 'queue') return false
  return definitions.get('queue', [binding.vhost, binding.destination])?.exclusive ?? false
}
