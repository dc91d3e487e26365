/** The StatefulSet: a pod and a volume for each broker. */

import { k8s } from 'cdk8s-plus-27'
import type { BrokerCluster, BrokerClusterSpec } from '../api/brokercluster.ts'
import type { KubernetesObject } from '../objects.ts'
import type { Inputs } from './inputs.ts'
import { childMetadata, childNames, selectorLabels } from './names.ts'
import { DATA_VOLUME, podTemplate } from './pod.ts'

/** The volumes outlive the cluster unless the user said otherwise. */
function claimPolicy(spec: BrokerClusterSpec) {
  return { whenDeleted: spec.storage.retainOnDelete ? 'Retain' : 'Delete', whenScaled: 'Retain' }
}

function dataClaim(cluster: BrokerCluster): k8s.KubePersistentVolumeClaimProps {
  const { size, className } = cluster.spec.storage
  return {
    metadata: { name: DATA_VOLUME, labels: selectorLabels(cluster.metadata.name) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: k8s.Quantity.fromString(size) } },
      ...(className !== undefined && { storageClassName: className }),
    },
  }
}

/** Placement is Kubernetes' own and passed on as written: cdk8s knows the fields of one version only. */
function placement({ affinity, tolerations, topologySpreadConstraints }: BrokerClusterSpec) {
  return {
    ...(affinity && { affinity }),
    ...(tolerations && { tolerations }),
    ...(topologySpreadConstraints && { topologySpreadConstraints }),
  }
}

export function statefulSet(cluster: BrokerCluster, inputs: Inputs): KubernetesObject {
  const names = childNames(cluster.metadata.name)
  const manifest = k8s.KubeStatefulSet.manifest({
    metadata: childMetadata(cluster, names.statefulSet),
    spec: {
      replicas: cluster.spec.replicas,
      serviceName: names.nodes,
      podManagementPolicy: 'Parallel',
      revisionHistoryLimit: 5,
      selector: { matchLabels: selectorLabels(cluster.metadata.name) },
      persistentVolumeClaimRetentionPolicy: claimPolicy(cluster.spec),
      template: podTemplate(cluster, inputs),
      volumeClaimTemplates: [dataClaim(cluster)],
    },
  })
  const pod = manifest.spec.template.spec
  Object.assign(pod, placement(cluster.spec))
  return manifest
}
