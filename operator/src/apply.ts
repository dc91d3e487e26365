/** The only writer of a cluster's children. */

import { INSTANCE_LABEL } from './desired/names.ts'
import { ApiError, type KubernetesObject, type Objects, refOf } from './objects.ts'
import { type Action, isOurs } from './plan.ts'
import { Blocked } from './status.ts'

/**
 * Carries the actions out in order. Raises `Blocked` when the API server refuses a child, or when its name belongs to
 * a stranger: server-side apply with force would take the stranger's object over without a word.
 */
export async function applyActions(actions: readonly Action[], objects: Objects): Promise<void> {
  for (const action of actions) {
    if (action.do === 'create') await assertFree(action.object, objects)
    await applyOne(action.object, objects)
  }
}

/** Parts of a spec are passed on unread (affinity, tolerations, …); what is wrong with them only the API server knows. */
async function applyOne(object: KubernetesObject, objects: Objects): Promise<void> {
  try {
    await objects.apply(object)
  } catch (error) {
    if (!(error instanceof ApiError) || !isRefusal(error)) throw error
    const { kind, metadata } = object
    throw new Blocked(
      'ChildRefused',
      `the API server refuses ${kind} ${metadata.name}: ${error.message}: correct the field of this spec that it comes from`,
    )
  }
}

/** A field of a wrong type fails server-side apply with 500, though no later try can help. */
function isRefusal({ status, message }: ApiError): boolean {
  return [400, 403, 422].includes(status) || (status === 500 && message.includes('typed patch'))
}

async function assertFree(object: KubernetesObject, objects: Objects): Promise<void> {
  const existing = await objects.get(refOf(object))
  if (existing === undefined || isOurs(existing, object.metadata.labels?.[INSTANCE_LABEL])) return
  const { kind, metadata } = object
  throw new Blocked(
    'NameTaken',
    `${kind} ${metadata.name} exists and is not of this BrokerCluster: delete or rename it, or give this object another name`,
  )
}
