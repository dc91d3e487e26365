/** Where each kind lives in the REST API: the one table of kinds that the operator reads or writes. */

import type { Kind } from '../runtime/source.ts'

interface Resource {
  plural: string
  namespaced: boolean
}

const namespaced = (plural: string): Resource => ({ plural, namespaced: true })

const RESOURCES: Readonly<Record<string, Resource>> = {
  'v1/ConfigMap': namespaced('configmaps'),
  'v1/Event': namespaced('events'),
  'v1/Namespace': { plural: 'namespaces', namespaced: false },
  'v1/PersistentVolumeClaim': namespaced('persistentvolumeclaims'),
  'v1/Pod': namespaced('pods'),
  'v1/Secret': namespaced('secrets'),
  'v1/Service': namespaced('services'),
  'v1/ServiceAccount': namespaced('serviceaccounts'),
  'apps/v1/StatefulSet': namespaced('statefulsets'),
  'coordination.k8s.io/v1/Lease': namespaced('leases'),
  'networking.k8s.io/v1/NetworkPolicy': namespaced('networkpolicies'),
  'policy/v1/PodDisruptionBudget': namespaced('poddisruptionbudgets'),
  'rbac.authorization.k8s.io/v1/Role': namespaced('roles'),
  'rbac.authorization.k8s.io/v1/RoleBinding': namespaced('rolebindings'),
  'warren.dev/v1alpha1/BrokerCluster': namespaced('brokerclusters'),
  'warren.dev/v1alpha1/Queue': namespaced('queues'),
  'warren.dev/v1alpha1/Policy': namespaced('policies'),
  'warren.dev/v1alpha1/User': namespaced('users'),
}

/** The path of a watched kind's collection; of all namespaces when `namespace` is empty. */
export function watchPath(kind: Kind, namespace: string): string {
  return `${prefix(kind.apiVersion, namespace)}/${kind.plural}`
}

/** The path of a collection of a known kind. Raises for a kind that is not in the table. */
export function collectionPath(kind: { apiVersion: string; kind: string }, namespace: string): string {
  const resource = RESOURCES[`${kind.apiVersion}/${kind.kind}`]
  if (resource === undefined) throw new Error(`no REST path known for ${kind.apiVersion} ${kind.kind}`)
  return `${prefix(kind.apiVersion, resource.namespaced ? namespace : '')}/${resource.plural}`
}

/** The path of one object of a known kind. */
export function objectPath(ref: { apiVersion: string; kind: string; namespace: string; name: string }): string {
  return `${collectionPath(ref, ref.namespace)}/${encodeURIComponent(ref.name)}`
}

function prefix(apiVersion: string, namespace: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return namespace === '' ? root : `${root}/namespaces/${encodeURIComponent(namespace)}`
}
