/** Kubernetes Events for transitions: what `kubectl describe` shows under an object. */

import type { KubernetesObject } from '../objects.ts'

export type EventType = 'Normal' | 'Warning'

/** Records a transition of an object. Never raises, never waits: an Event that cannot be written is dropped. */
export interface EventRecorder {
  /** `reason` is a stable CamelCase word, `message` is for people. Repeats of one (object, reason, message) are counted. */
  record(object: KubernetesObject, type: EventType, reason: string, message: string): void
}
