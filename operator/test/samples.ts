/** Objects of our kinds for tests, with the defaults that an API server would have filled in. */

import type { BrokerCluster, BrokerClusterSpec } from '../src/api/brokercluster.ts'
import { API_VERSION } from '../src/api/group.ts'
import type { Policy, PolicySpec } from '../src/api/policy.ts'
import type { Queue, QueueSpec } from '../src/api/queue.ts'
import type { User, UserSpec } from '../src/api/user.ts'
import type { Inputs } from '../src/desired/inputs.ts'

export const clusterSpec: BrokerClusterSpec = {
  replicas: 1,
  storage: { size: '1Gi', retainOnDelete: true },
  service: { type: 'ClusterIP' },
  config: '',
}

function metadata(name: string, uid: string) {
  return { name, namespace: 'default', uid, resourceVersion: '1', generation: 1 }
}

export function clusterOf(spec: Partial<BrokerClusterSpec> = {}): BrokerCluster {
  return {
    apiVersion: API_VERSION,
    kind: 'BrokerCluster',
    metadata: metadata('orders', 'cluster-1'),
    spec: { ...clusterSpec, ...spec },
  }
}

export function queueOf(spec: Partial<QueueSpec> = {}, name = 'invoices'): Queue {
  return {
    apiVersion: API_VERSION,
    kind: 'Queue',
    metadata: metadata(name, `queue-${name}`),
    spec: {
      clusterRef: { name: 'orders' },
      vhost: '/',
      type: 'classic',
      durable: true,
      autoDelete: false,
      arguments: {},
      bindings: [],
      deletionPolicy: 'KeepWithMessages',
      ...spec,
    },
  }
}

export function policyOf(spec: Partial<PolicySpec> = {}, name = 'short'): Policy {
  return {
    apiVersion: API_VERSION,
    kind: 'Policy',
    metadata: metadata(name, `policy-${name}`),
    spec: {
      clusterRef: { name: 'orders' },
      vhost: '/',
      pattern: '^invoices$',
      applyTo: 'queues',
      priority: 0,
      definition: { 'max-length': 10 },
      ...spec,
    },
  }
}

export function userOf(spec: Partial<UserSpec> = {}, name = 'shop'): User {
  return {
    apiVersion: API_VERSION,
    kind: 'User',
    metadata: metadata(name, `user-${name}`),
    spec: { clusterRef: { name: 'orders' }, tags: [], permissions: [], topicPermissions: [], limits: {}, ...spec },
  }
}

export const inputs: Inputs = {
  image: 'warren-broker:test',
  address: { host: 'orders.default.svc', amqpPort: 5672, managementPort: 15672 },
  defaultUser: { username: 'admin', password: 'not-so-secret' },
  nodeSecret: 'nodes-only',
}
