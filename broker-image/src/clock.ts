/** Time as the broker sees it: one of the seams through which the world comes in. */

/** A timer that can be taken back. */
export interface Timer {
  cancel(): void
}

/** Wall-clock time and timers. The real one is `systemClock()`; simulations pass their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `callback` once, `delayMs` from now. Never keeps the process alive on its own. */
  after(delayMs: number, callback: () => void): Timer
}

/** setTimeout takes no more than 2^31 - 1 ms; a longer wait is cut into pieces. */
const TIMEOUT_MS_MAX = 2_147_483_647

/** The machine's own clock. */
export function systemClock(): Clock {
  return { now: Date.now, after: longTimeout }
}

function longTimeout(delayMs: number, callback: () => void): Timer {
  let handle: NodeJS.Timeout
  const arm = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, TIMEOUT_MS_MAX)
    handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs)
    handle.unref()
  }
  arm(Math.max(0, delayMs))
  return { cancel: () => clearTimeout(handle) }
}
