/** Time and chance as the runtime sees them, so that tests and simulations own both. */

/** Milliseconds since the epoch, and timers. */
export interface Clock {
  now(): number
  /** Calls `fire` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, fire: () => void): () => void
}

/** A number in [0, 1). */
export type Random = () => number

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs)
    return () => clearTimeout(timer)
  },
}
