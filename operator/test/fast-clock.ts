/** The real clock, some times faster: for tests with real sockets and long protocol times. */

import type { Clock } from '../src/runtime/clock.ts'

export function fastClock(factor: number): Clock {
  return {
    now: () => performance.now() * factor,
    after(delayMs, fire) {
      const timer = setTimeout(fire, delayMs / factor)
      return () => clearTimeout(timer)
    },
  }
}

/** Resolves when `holds` does. Looked at every few milliseconds; the test's own time limit bounds it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 2))
}
