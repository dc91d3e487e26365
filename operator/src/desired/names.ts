/** Names, ports and labels of what a BrokerCluster is made of. */

import type { BrokerCluster } from '../api/brokercluster.ts'
import { FIELD_MANAGER, type OwnerReference } from '../objects.ts'

export const AMQP_PORT = 5672
export const MANAGEMENT_PORT = 15672

/** Marks all children; caches of children are narrowed by it. */
export const CHILD_LABELS = { 'app.kubernetes.io/managed-by': FIELD_MANAGER } as const

/** On each child: the name of its cluster. */
export const INSTANCE_LABEL = 'app.kubernetes.io/instance'

/** On each child: a hash of what was applied, which tells that a field has to go. */
export const APPLIED_ANNOTATION = 'warren.dev/applied'

/** Names of the children; clients and tests may count on them. */
export function childNames(cluster: string) {
  return {
    account: cluster,
    config: `${cluster}-config`,
    defaultUser: `${cluster}-default-user`,
    nodeSecret: `${cluster}-node`,
    nodes: `${cluster}-nodes`,
    client: cluster,
    statefulSet: cluster,
  }
}

/** What selects the pods of a cluster; never changes, since a StatefulSet's selector cannot. */
export function selectorLabels(cluster: string): { [label: string]: string } {
  return { 'app.kubernetes.io/name': 'warren', [INSTANCE_LABEL]: cluster }
}

/** Labels of every child. */
export function childLabels(cluster: string): { [label: string]: string } {
  return {
    ...selectorLabels(cluster),
    'app.kubernetes.io/component': 'broker',
    'app.kubernetes.io/part-of': 'warren',
    ...CHILD_LABELS,
  }
}

/** Makes the cluster the owner, so that Kubernetes removes the child with it. */
function ownedBy(cluster: BrokerCluster): OwnerReference {
  return {
    apiVersion: cluster.apiVersion,
    kind: cluster.kind,
    name: cluster.metadata.name,
    uid: cluster.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** metadata of an owned child. */
export function childMetadata(cluster: BrokerCluster, name: string) {
  return {
    name,
    namespace: cluster.metadata.namespace,
    labels: childLabels(cluster.metadata.name),
    ownerReferences: [ownedBy(cluster)],
  }
}
