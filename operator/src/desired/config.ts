/** The ConfigMap with rabbitmq.conf: the operator's lines, then the user's. */

import { k8s } from 'cdk8s-plus-27'
import type { BrokerCluster } from '../api/brokercluster.ts'
import type { KubernetesObject } from '../objects.ts'
import { AMQP_PORT, childMetadata, childNames, MANAGEMENT_PORT } from './names.ts'

export const CONFIG_FILE = 'rabbitmq.conf'

/** The text of rabbitmq.conf. Remote logins of the default user are allowed: its password is random. */
export function brokerConfig(cluster: BrokerCluster): string {
  const { namespace, name } = cluster.metadata
  const lines = [
    `# Made by Warren's operator for BrokerCluster ${namespace}/${name}.`,
    `listeners.tcp.default = ${AMQP_PORT}`,
    `management.tcp.port = ${MANAGEMENT_PORT}`,
    'loopback_users = none',
    `cluster_name = ${name}`,
  ]
  const extra = cluster.spec.config.trim()
  if (extra !== '') lines.push('# From spec.config.', extra)
  return `${lines.join('\n')}\n`
}

export function configMap(cluster: BrokerCluster): KubernetesObject {
  return k8s.KubeConfigMap.manifest({
    metadata: childMetadata(cluster, childNames(cluster.metadata.name).config),
    data: { [CONFIG_FILE]: brokerConfig(cluster) },
  })
}
