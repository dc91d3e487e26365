/** How long to wait after the nth failure in a row: doubling, capped, jittered. */

import type { Random } from './clock.ts'

export interface BackoffBounds {
  baseMs: number
  maxMs: number
}

/** Milliseconds before attempt `failures` + 1; between half and the whole of base × 2^(failures − 1), at most `maxMs`. */
export function backoffMs(bounds: BackoffBounds, failures: number, random: Random): number {
  const full = Math.min(bounds.maxMs, bounds.baseMs * 2 ** Math.max(0, failures - 1))
  return Math.round(full * (0.5 + random() / 2))
}
