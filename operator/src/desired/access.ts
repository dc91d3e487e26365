/** The identity of the broker pods, and the least that they may do with the Kubernetes API. */

import { k8s } from 'cdk8s-plus-27'
import type { BrokerCluster } from '../api/brokercluster.ts'
import type { KubernetesObject } from '../objects.ts'
import { childMetadata, childNames } from './names.ts'

export function serviceAccount(cluster: BrokerCluster): KubernetesObject {
  return k8s.KubeServiceAccount.manifest({
    metadata: childMetadata(cluster, childNames(cluster.metadata.name).account),
    automountServiceAccountToken: false,
  })
}

/** Leases say which broker leads a shard; brokers change them by compare-and-swap, and never create or delete one. */
export function role(cluster: BrokerCluster): KubernetesObject {
  return k8s.KubeRole.manifest({
    metadata: childMetadata(cluster, childNames(cluster.metadata.name).account),
    rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'list', 'watch', 'update'] }],
  })
}

export function roleBinding(cluster: BrokerCluster): KubernetesObject {
  const { account } = childNames(cluster.metadata.name)
  return k8s.KubeRoleBinding.manifest({
    metadata: childMetadata(cluster, account),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: cluster.metadata.namespace }],
  })
}
