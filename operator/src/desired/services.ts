/** The Service that names each pod, and the one that clients connect to. */

import { k8s } from 'cdk8s-plus-27'
import type { BrokerCluster } from '../api/brokercluster.ts'
import type { KubernetesObject } from '../objects.ts'
import { AMQP_PORT, childMetadata, childNames, MANAGEMENT_PORT, selectorLabels } from './names.ts'

function ports() {
  return [
    { name: 'amqp', port: AMQP_PORT, targetPort: k8s.IntOrString.fromString('amqp'), appProtocol: 'amqp' },
    { name: 'management', port: MANAGEMENT_PORT, targetPort: k8s.IntOrString.fromString('management') },
  ].map(port => ({ ...port, protocol: 'TCP' }))
}

/** Headless; a pod has its name before it is ready, so that nodes find each other while they start. */
export function nodesService(cluster: BrokerCluster): KubernetesObject {
  return k8s.KubeService.manifest({
    metadata: childMetadata(cluster, childNames(cluster.metadata.name).nodes),
    spec: {
      clusterIp: 'None',
      publishNotReadyAddresses: true,
      selector: selectorLabels(cluster.metadata.name),
      ports: ports(),
    },
  })
}

export function clientService(cluster: BrokerCluster): KubernetesObject {
  const { type, annotations } = cluster.spec.service
  const metadata = childMetadata(cluster, childNames(cluster.metadata.name).client)
  return k8s.KubeService.manifest({
    metadata: annotations === undefined ? metadata : { ...metadata, annotations },
    spec: { type, selector: selectorLabels(cluster.metadata.name), ports: ports() },
  })
}
