/** The controllers of the operator: which kinds each watches, and what makes its objects due. */

import { randomBytes } from 'node:crypto'
import type { BrokerCluster } from './api/brokercluster.ts'
import { BROKER_CLUSTER } from './api/brokercluster.ts'
import { API_VERSION } from './api/group.ts'
import type { KindDefinition } from './api/kind.ts'
import { isServing } from './cluster-status.ts'
import type { Address } from './desired/inputs.ts'
import { AMQP_PORT, CHILD_LABELS, childNames, MANAGEMENT_PORT } from './desired/names.ts'
import { identityIndex } from './elder.ts'
import type { Kind, KubernetesObject } from './objects.ts'
import { POLICY_KIND } from './policy-kind.ts'
import { QUEUE_KIND } from './queue-kind.ts'
import { type ClusterDeps, clusterReconciler } from './reconcile-cluster.ts'
import { type TopologyKind, type TopologyObject, topologyReconciler } from './reconcile-topology.ts'
import type { ControllerDeps, ControllerSpec, Related } from './runtime/controller.ts'
import type { Key } from './runtime/outcome.ts'
import type { CachedObjects } from './runtime/source.ts'
import { type Pace, STEADY_PACE } from './schedule.ts'
import { BrokerSessions } from './topology/sessions.ts'
import { userKind } from './user-kind.ts'

export interface Settings {
  /** Where the brokers of a cluster are reached; their Service by default. */
  addressOf?: (cluster: BrokerCluster) => Address
  /** How closely live numbers are followed; steadily by default. */
  pace?: Pace
}

/** Kinds of the children that are watched. Secrets are not: no cache of the operator holds any. */
const CHILD_KINDS: readonly Kind[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
]

/** 32 characters of a URL-safe alphabet: 192 bits. */
function generateSecret(): string {
  return randomBytes(24).toString('base64url')
}

/** The name that the client Service has inside the Kubernetes cluster. */
export function serviceAddress(cluster: BrokerCluster): Address {
  const { namespace, name } = cluster.metadata
  return { host: `${childNames(name).client}.${namespace}.svc`, amqpPort: AMQP_PORT, managementPort: MANAGEMENT_PORT }
}

export function controllers(deps: ControllerDeps, settings: Settings = {}): ControllerSpec[] {
  const addressOf = settings.addressOf ?? serviceAddress
  const sessions = new BrokerSessions({ objects: deps.objects, clock: deps.clock, addressOf })
  const pace = settings.pace ?? STEADY_PACE
  const shared: ClusterDeps = { ...deps, pace, addressOf, generateSecret, sessions }
  const topology = <Item extends TopologyObject>(kind: TopologyKind<Item>): ControllerSpec => ({
    kind: kindOf(kind.definition),
    related: [dependents(kind.definition, deps.cached)],
    indexes: identityIndex(kind),
    reconcile: topologyReconciler(kind, shared),
  })
  return [
    {
      kind: kindOf(BROKER_CLUSTER),
      related: CHILD_KINDS.map(kind => ({ kind, labels: CHILD_LABELS, keys: ownerKeys })),
      reconcile: clusterReconciler(shared),
    },
    topology(QUEUE_KIND),
    topology(POLICY_KIND),
    topology(userKind(shared)),
  ]
}

function kindOf({ kind }: KindDefinition): Kind {
  return { apiVersion: API_VERSION, kind }
}

/** The BrokerCluster that owns a child. */
function ownerKeys({ metadata }: KubernetesObject): Key[] {
  return (metadata.ownerReferences ?? [])
    .filter(owner => owner.apiVersion === API_VERSION && owner.kind === BROKER_CLUSTER.kind)
    .map(owner => ({ namespace: metadata.namespace ?? '', name: owner.name }))
}

/** All objects that belong to a cluster are due when its brokers begin or end to serve, not when its numbers move. */
function dependents({ kind }: KindDefinition, cached: CachedObjects): Related {
  return {
    kind: kindOf(BROKER_CLUSTER),
    keys: ({ metadata }) =>
      cached
        .list({ apiVersion: API_VERSION, kind }, metadata.namespace ?? '')
        .filter(item => (item as TopologyObject).spec.clusterRef.name === metadata.name)
        .map(item => ({ namespace: item.metadata.namespace ?? '', name: item.metadata.name })),
    changed: (previous, current) =>
      isServing(previous as BrokerCluster) !== isServing(current as BrokerCluster) ||
      deletionStarted(previous, current),
  }
}

function deletionStarted(previous: KubernetesObject, current: KubernetesObject): boolean {
  return previous.metadata.deletionTimestamp === undefined && current.metadata.deletionTimestamp !== undefined
}
