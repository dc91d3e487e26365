/** The pod of a broker: one container, restricted as Kubernetes' strictest profile asks. */

import { createHash } from 'node:crypto'
import { k8s } from 'cdk8s-plus-27'
import type { BrokerCluster, BrokerClusterSpec } from '../api/brokercluster.ts'
import { brokerConfig } from './config.ts'
import type { Inputs } from './inputs.ts'
import { AMQP_PORT, childLabels, childNames, MANAGEMENT_PORT } from './names.ts'

const DATA_DIR = '/var/lib/warren'
const CONFIG_DIR = '/etc/warren'
const USER_DIR = '/etc/warren-default-user'
/** Owner of the files; the image's user. */
const USER_ID = 1000
/** Time to end sessions and flush before the kubelet kills. */
const GRACE_SECONDS = 60
/** Time for endpoints to forget the pod before its listeners close: clients reconnect elsewhere, not to a closing port. */
const PRE_STOP_SECONDS = 3

/** Name of the volume claim; with it the name of each claim is `data-<cluster>-<ordinal>`. */
export const DATA_VOLUME = 'data'

function environment(): k8s.EnvVar[] {
  return [
    { name: 'WARREN_NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'WARREN_DATA_DIR', value: DATA_DIR },
    { name: 'WARREN_CONFIG_FILE', value: `${CONFIG_DIR}/rabbitmq.conf` },
    { name: 'WARREN_DEFAULT_USER_FILE', value: `${USER_DIR}/username` },
    { name: 'WARREN_DEFAULT_PASS_FILE', value: `${USER_DIR}/password` },
  ]
}

function probe(path: string, periodSeconds: number, failureThreshold: number): k8s.Probe {
  return {
    httpGet: { path, port: k8s.IntOrString.fromString('management') },
    periodSeconds,
    failureThreshold,
    timeoutSeconds: 5,
  }
}

/** Recovery of a long log may take minutes; only the start probe waits for it. */
function probes() {
  return {
    startupProbe: probe('/healthz', 2, 300),
    livenessProbe: probe('/healthz', 10, 6),
    readinessProbe: probe('/readyz', 3, 2),
  }
}

function quantities(given: { [resource: string]: number | string } | undefined) {
  if (given === undefined) return undefined
  return Object.fromEntries(
    Object.entries(given).map(([resource, amount]) => [resource, k8s.Quantity.fromString(String(amount))]),
  )
}

function resources(spec: BrokerClusterSpec): k8s.ResourceRequirements {
  const requests = quantities(spec.resources?.requests)
  const limits = quantities(spec.resources?.limits)
  return { ...(requests && { requests }), ...(limits && { limits }) }
}

function container(cluster: BrokerCluster, inputs: Inputs): k8s.Container {
  return {
    name: 'broker',
    image: cluster.spec.image ?? inputs.image,
    imagePullPolicy: 'IfNotPresent',
    env: environment(),
    ports: [
      { name: 'amqp', containerPort: AMQP_PORT, protocol: 'TCP' },
      { name: 'management', containerPort: MANAGEMENT_PORT, protocol: 'TCP' },
    ],
    resources: resources(cluster.spec),
    ...probes(),
    lifecycle: { preStop: { exec: { command: ['sleep', String(PRE_STOP_SECONDS)] } } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: DATA_VOLUME, mountPath: DATA_DIR },
      { name: 'config', mountPath: CONFIG_DIR, readOnly: true },
      { name: 'default-user', mountPath: USER_DIR, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  }
}

function volumes(cluster: string): k8s.Volume[] {
  const names = childNames(cluster)
  return [
    { name: 'config', configMap: { name: names.config } },
    {
      name: 'default-user',
      secret: {
        secretName: names.defaultUser,
        items: [
          { key: 'username', path: 'username' },
          { key: 'password', path: 'password' },
        ],
      },
    },
    { name: 'tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('64Mi') } },
  ]
}

/**
 * The template holds only what should restart a broker when it changes: its configuration, by hash, since the broker
 * reads it at start; never the number of replicas, bytes of certificates or the operator's version.
 */
export function podTemplate(cluster: BrokerCluster, inputs: Inputs): k8s.PodTemplateSpec {
  const { name } = cluster.metadata
  const configHash = createHash('sha256').update(brokerConfig(cluster)).digest('hex').slice(0, 16)
  return {
    metadata: { labels: childLabels(name), annotations: { 'warren.dev/config': configHash } },
    spec: {
      serviceAccountName: childNames(name).account,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER_ID,
        runAsGroup: USER_ID,
        fsGroup: USER_ID,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [container(cluster, inputs)],
      volumes: volumes(name),
    },
  }
}
