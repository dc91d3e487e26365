/** A controller: watched kinds on one side, a reconcile on the other, a key queue and workers between them. */

import type { KubernetesObject, Objects } from '../objects.ts'
import type { Clock } from './clock.ts'
import type { EventRecorder } from './events.ts'
import type { Key, Reconcile, ReconcileLog } from './outcome.ts'
import type { CachedObjects, Kind } from './source.ts'

export type { CachedObjects, Kind } from './source.ts'

/** A kind whose changes make objects of the controller's own kind due. */
export interface Related {
  kind: Kind
  /** Watch only objects that carry these labels (keeps caches small). All controllers agree on them for one kind. */
  labels?: Record<string, string>
  /** The objects of the controller's kind that are due when `object` changed. */
  keys(object: KubernetesObject): readonly Key[]
  /** False for updates that do not matter to the keys. Default: every update matters. See `intentChanged`. */
  changed?(previous: KubernetesObject, current: KubernetesObject): boolean
}

/** One controller. `concurrency` (default: the operator's flag) bounds how many keys are worked on at once. */
export interface ControllerSpec {
  /** Unique; in logs and metrics. Default: the kind in lower case. */
  name?: string
  kind: Kind
  related: readonly Related[]
  reconcile: Reconcile
  concurrency?: number
}

/** What `controllers(deps)` gets. */
export interface ControllerDeps {
  objects: Objects
  cached: CachedObjects
  events: EventRecorder
  clock: Clock
  /** A number in [0, 1), for jitter. */
  random: () => number
  /** The image of brokers whose `spec.image` is empty. */
  brokerImage: string
  log: ReconcileLog
}

/**
 * True when an update changed what a user or another controller asked for (generation, labels, annotations,
 * finalizers, deletionTimestamp), and not the status only. Keeps a controller from waking itself by its own status writes.
 */
export function intentChanged(previous: KubernetesObject, current: KubernetesObject): boolean {
  const before = previous.metadata
  const after = current.metadata
  return (
    before.uid !== after.uid ||
    before.generation !== after.generation ||
    before.deletionTimestamp !== after.deletionTimestamp ||
    !sameJson(before.labels, after.labels) ||
    !sameJson(before.annotations, after.annotations) ||
    !sameJson(before.finalizers, after.finalizers)
  )
}

function sameJson(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
