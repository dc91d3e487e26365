/** The reference of an object, from the object. */

import type { KubernetesObject, ObjectRef } from './objects.ts'

export function refOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  return { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name }
}
