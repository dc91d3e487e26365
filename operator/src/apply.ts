/** The only writer of a cluster's children. */

import type { KubernetesObject, Objects } from './objects.ts'
import { refOf } from './objects-ref.ts'
import { type Action, isOurs } from './plan.ts'
import { Blocked } from './status.ts'

/**
 * Carries the actions out in order. Raises `Blocked` when the name of a child belongs to a stranger: server-side
 * apply with force would take the stranger's object over without a word.
 */
export async function applyActions(actions: readonly Action[], objects: Objects): Promise<void> {
  for (const action of actions) {
    if (action.do === 'create') await assertFree(action.object, objects)
    await objects.apply(action.object)
  }
}

async function assertFree(object: KubernetesObject, objects: Objects): Promise<void> {
  const existing = await objects.get(refOf(object))
  if (existing === undefined || isOurs(existing)) return
  const { kind, metadata } = object
  throw new Blocked(
    'NameTaken',
    `${kind} ${metadata.name} exists and was not made by Warren: delete or rename it, or give this object another name`,
  )
}
