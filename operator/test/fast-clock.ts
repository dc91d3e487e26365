/** A fast clock for tests with real sockets and long protocol times, and waiting for what they lead to. */

import type { Clock } from '../src/runtime/clock.ts'

const TICK_MS = 1

/**
 * Time runs some times faster, in ticks between which the event loop turns: when the machine is busy elsewhere, time
 * stands still here as well, so that no answer that is already here counts as late.
 */
export class FastClock implements Clock {
  readonly #waiting = new Map<() => void, number>()
  readonly #ticks: NodeJS.Timeout
  #nowMs = 0

  constructor(factor: number) {
    this.#ticks = setInterval(() => this.#tick(TICK_MS * factor), TICK_MS)
  }

  now(): number {
    return this.#nowMs
  }

  after(delayMs: number, fire: () => void): () => void {
    const once = (): void => fire()
    this.#waiting.set(once, this.#nowMs + delayMs)
    return () => this.#waiting.delete(once)
  }

  /** Nothing fires any more. */
  stop(): void {
    clearInterval(this.#ticks)
  }

  #tick(ms: number): void {
    this.#nowMs += ms
    const due = [...this.#waiting].filter(([, dueMs]) => dueMs <= this.#nowMs).sort(([, a], [, b]) => a - b)
    for (const [fire] of due) if (this.#waiting.delete(fire)) fire()
  }
}

/** Resolves when `holds` does. Looked at every few milliseconds; the test's own time limit bounds it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 2))
}
