/** When an object is looked at again though nothing changed: drift and live numbers, spread by chance. */

import type { Random } from './runtime/clock.ts'
import type { Outcome } from './runtime/outcome.ts'

/** How closely live numbers are followed. */
export interface Pace {
  /** Time between two looks while the objects are few. */
  liveMs: number
  /** How old a view of the broker may be that numbers are taken from. */
  viewAgeMs: number
}

/** For many clusters of a Kubernetes cluster: people look now and then. */
export const STEADY_PACE: Pace = { liveMs: 12_000, viewAgeMs: 10_000 }

/** For one person in front of a table. */
export const CLOSE_PACE: Pace = { liveMs: 1_000, viewAgeMs: 800 }

/** With many objects, each costs this much time at least, so that passes stay a small part of a core … */
const SHARE_MS = 10
/** … but drift is found within this time. */
const DRIFT_MS = 75_000
/** Something is about to happen: a broker starts. */
const SOON_MS = 2_000
/** Someone has to do something: a Secret to be made, messages to be consumed. */
const WAIT_MS = 10_000

function after(delayMs: number, random: Random): Outcome {
  return { kind: 'after', delayMs: Math.round(delayMs * (0.8 + 0.4 * random())) }
}

/** The next look for live numbers when `objects` of the kind share the broker. */
export function afterLive({ liveMs }: Pace, objects: number, random: Random): Outcome {
  return after(Math.min(DRIFT_MS, Math.max(liveMs, objects * SHARE_MS)), random)
}

export function afterDrift(random: Random): Outcome {
  return after(DRIFT_MS, random)
}

export function afterSoon(random: Random): Outcome {
  return after(SOON_MS, random)
}

export function afterWait(random: Random): Outcome {
  return after(WAIT_MS, random)
}
