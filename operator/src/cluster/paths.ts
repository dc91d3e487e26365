/** Where each kind lives in the REST API: the one table of kinds that the operator reads or writes. All are namespaced. */

import { API_VERSION } from '../api/group.ts'
import { KINDS } from '../api/kinds.ts'
import type { Kind, ObjectRef } from '../objects.ts'

const PLURALS: Readonly<Record<string, string>> = {
  'v1/ConfigMap': 'configmaps',
  'v1/Event': 'events',
  'v1/Secret': 'secrets',
  'v1/Service': 'services',
  'v1/ServiceAccount': 'serviceaccounts',
  'apps/v1/StatefulSet': 'statefulsets',
  'coordination.k8s.io/v1/Lease': 'leases',
  'rbac.authorization.k8s.io/v1/Role': 'roles',
  'rbac.authorization.k8s.io/v1/RoleBinding': 'rolebindings',
  ...Object.fromEntries(KINDS.map(({ kind, plural }) => [`${API_VERSION}/${kind}`, plural])),
}

/** The path of a kind's collection; of all namespaces when `namespace` is empty. Raises for a kind that is not in the table. */
export function collectionPath({ apiVersion, kind }: Kind, namespace: string): string {
  const plural = PLURALS[`${apiVersion}/${kind}`]
  if (plural === undefined) throw new Error(`no REST path known for ${apiVersion} ${kind}`)
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const within = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `${root}${within}/${plural}`
}

/** The path of one object of a known kind. */
export function objectPath(ref: ObjectRef): string {
  return `${collectionPath(ref, ref.namespace)}/${encodeURIComponent(ref.name)}`
}
