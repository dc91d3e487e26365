/** A clock that stands still until a test moves it. */

import type { Clock } from '../src/runtime/clock.ts'

interface Timer {
  dueAtMs: number
  fire: () => void
}

export class ManualClock implements Clock {
  #nowMs: number
  #timers: Timer[] = []

  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.length
  }

  after(delayMs: number, fire: () => void): () => void {
    const timer = { dueAtMs: this.#nowMs + delayMs, fire }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  /** Moves time on, firing what falls due in order of time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let next = this.#earliest(endMs); next !== undefined; next = this.#earliest(endMs)) {
      this.#timers = this.#timers.filter(other => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.dueAtMs)
      next.fire()
    }
    this.#nowMs = endMs
  }

  /** Moves time on in steps, letting promises settle after each. */
  async run(ms: number, stepMs = 100): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.advance(stepMs)
      await settle()
    }
  }

  #earliest(endMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueAtMs <= endMs && (first === undefined || timer.dueAtMs < first.dueAtMs)) first = timer
    }
    return first
  }
}

/** Lets everything that is ready to run, run. */
export function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
