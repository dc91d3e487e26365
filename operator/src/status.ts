/** Status: conditions from a verdict (pure), and one write when it differs; an Event when Ready turns. */

import type { Condition, ConditionType } from './api/condition.ts'
import { sameJson } from './compare.ts'
import { ApiError, type KubernetesObject, type Objects } from './objects.ts'
import type { Clock } from './runtime/clock.ts'
import type { EventRecorder } from './runtime/events.ts'

/**
 * What a pass found. `ready`: as the spec says. `working`: on the way, nobody need do anything.
 * `stalled`: only a change by the user helps.
 */
export interface Verdict {
  state: 'ready' | 'working' | 'stalled'
  /** A stable CamelCase word for programs. */
  reason: string
  /** For people: what is so, and what to do if something must be done. */
  message: string
}

/** Raised in a pass that only the user can help, by a change of this object or of another one (so it is tried again). */
export class Blocked extends Error {
  readonly reason: string
  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

interface Aspect {
  type: ConditionType
  status: 'True' | 'False'
  reason: string
  message: string
}

function aspects({ state, reason, message }: Verdict): Aspect[] {
  const flag = (type: ConditionType, holds: boolean): Aspect =>
    holds
      ? { type, status: 'True', reason, message }
      : { type, status: 'False', reason: state === 'ready' ? reason : `Not${type}`, message: '' }
  return [
    { type: 'Ready', status: state === 'ready' ? 'True' : 'False', reason, message },
    flag('Reconciling', state === 'working'),
    flag('Stalled', state === 'stalled'),
  ]
}

/**
 * The conditions after a pass over generation `generation`. lastTransitionTime moves only when a status turns, so
 * that the same verdict gives the same bytes.
 */
export function conditionsOf(
  verdict: Verdict,
  previous: readonly Condition[],
  generation: number,
  nowMs: number,
): Condition[] {
  return aspects(verdict).map(aspect => {
    const before = previous.find(condition => condition.type === aspect.type)
    const lastTransitionTime =
      before?.status === aspect.status
        ? before.lastTransitionTime
        : new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
    return { ...aspect, observedGeneration: generation, lastTransitionTime }
  })
}

export interface StatusDeps {
  objects: Objects
  events: EventRecorder
  clock: Clock
}

interface WithConditions {
  conditions?: Condition[]
}

/**
 * Writes the status of `object` if it is not what it was; `facts` are the fields besides conditions. An object that
 * is gone by now needs none.
 */
export async function writeStatus(
  deps: StatusDeps,
  object: KubernetesObject,
  verdict: Verdict,
  facts: object,
): Promise<void> {
  const previous = (object.status ?? {}) as WithConditions
  const generation = object.metadata.generation ?? 0
  const conditions = conditionsOf(verdict, previous.conditions ?? [], generation, deps.clock.now())
  const status = { ...facts, observedGeneration: generation, conditions }
  if (sameJson(status, previous)) return
  const { name, namespace } = object.metadata
  const metadata = namespace === undefined ? { name } : { name, namespace }
  try {
    await deps.objects.applyStatus({ apiVersion: object.apiVersion, kind: object.kind, metadata, status })
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return
    throw error
  }
  recordTransition(deps.events, object, previous.conditions, verdict)
}

/** An Event when the reason of Ready changed: not for numbers, not for each pass, and not for setting out. */
function recordTransition(
  events: EventRecorder,
  object: KubernetesObject,
  previous: readonly Condition[] | undefined,
  { state, reason, message }: Verdict,
): void {
  const before = previous?.find(condition => condition.type === 'Ready')
  if (before === undefined && state === 'working') return
  if (before?.reason === reason && (before.status === 'True') === (state === 'ready')) return
  events.record(object, state === 'stalled' ? 'Warning' : 'Normal', reason, message)
}

/** Whether the object's Ready condition is True for the spec as it is now or was. */
export function isReady(object: KubernetesObject | undefined): boolean {
  const status = object?.status as WithConditions | undefined
  return status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') ?? false
}
