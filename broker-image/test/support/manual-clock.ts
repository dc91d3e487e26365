/** A clock that stands still until a test moves it. */
import type { Clock, Timer } from '../../src/clock.ts'

interface Waiting {
  dueMs: number
  callback: () => void
}

export class ManualClock implements Clock {
  #nowMs: number
  #waiting: Waiting[] = []

  /** Milliseconds since 1970 to begin with. */
  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#waiting.length
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback }
    this.#waiting.push(timer)
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter(other => other !== timer)
      },
    }
  }

  /** Whoever waited is gone: none of its timers fires any more. */
  forget(): void {
    this.#waiting = []
  }

  /** Moves time on, and fires what falls due in the order of time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let next = this.#nextUntil(untilMs); next !== undefined; next = this.#nextUntil(untilMs)) {
      this.#waiting = this.#waiting.filter(other => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.callback()
    }
    this.#nowMs = untilMs
  }

  #nextUntil(untilMs: number): Waiting | undefined {
    let first: Waiting | undefined
    for (const timer of this.#waiting) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer
    }
    return first
  }
}
