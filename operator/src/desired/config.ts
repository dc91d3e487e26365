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

/** Keys that the operator sets itself, since Services, probes and Secrets rely on them. */
const OWNED_KEYS = [
  'listeners.tcp',
  'management.tcp',
  'management.listener',
  'loopback_users',
  'cluster_name',
  'default_user',
  'default_pass',
]

/**
 * What is wrong with `spec.config`, in words that say how to put it right; undefined when nothing is.
 * The broker would refuse to start with such a file, so it must not reach a running cluster.
 */
export function configProblem(config: string): string | undefined {
  for (const [index, raw] of config.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const where = `spec.config line ${index + 1}`
    const match = /^([A-Za-z0-9_.*-]+)\s*=\s*(\S.*)$/.exec(line)
    if (match === null) return `${where} ("${line.slice(0, 60)}") is not of the form key = value: correct or remove it`
    const key = match[1] ?? ''
    const owned = OWNED_KEYS.find(prefix => key === prefix || key.startsWith(`${prefix}.`))
    if (owned !== undefined) return `${where} sets ${key}, which the operator sets itself: remove the line`
  }
  return undefined
}
