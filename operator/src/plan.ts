/** From what should be and what is to the writes that are needed. Pure. */

import { includesJson } from './compare.ts'
import { APPLIED_ANNOTATION, CHILD_LABELS, INSTANCE_LABEL } from './desired/names.ts'
import type { KubernetesObject } from './objects.ts'

/** `create` is told apart, since a stranger's object may have the name. */
export interface Action {
  do: 'create' | 'update'
  object: KubernetesObject
}

/** Finds a child as it is now; undefined when there is none. */
export type FindChild = (child: KubernetesObject) => KubernetesObject | undefined

/**
 * A child is left alone, at no cost of a request, when it carries the hash of what should be (so no field has to go)
 * and still holds every field of it (so nobody changed one).
 */
export function plan(desired: readonly KubernetesObject[], find: FindChild): Action[] {
  const actions: Action[] = []
  for (const object of desired) {
    const actual = find(object)
    if (actual === undefined || !isOurs(actual, object.metadata.labels?.[INSTANCE_LABEL]))
      actions.push({ do: 'create', object })
    else if (!isAsDesired(actual, object)) actions.push({ do: 'update', object })
  }
  return actions
}

function isAsDesired(actual: KubernetesObject, desired: KubernetesObject): boolean {
  const hash = desired.metadata.annotations?.[APPLIED_ANNOTATION]
  return actual.metadata.annotations?.[APPLIED_ANNOTATION] === hash && includesJson(actual, desired)
}

/** Whether Warren made the object, and for this cluster: names of children of two clusters may meet. */
export function isOurs(object: KubernetesObject, cluster: string | undefined): boolean {
  return includesJson(object.metadata.labels ?? {}, { ...CHILD_LABELS, [INSTANCE_LABEL]: cluster })
}
