/** Logs that keep more on disk than they need: looked after from time to time, for as long as they do. */
import type { Clock, Timer } from './clock.ts'
import { LOG_TIDY_MS } from './limits.ts'

/** A log as far as it counts here. */
export interface UntidyLog {
  /** It keeps more on disk than it needs at rest. */
  readonly isUntidy: boolean
  /** Gives back what was not needed since the last call. */
  tidy(): void
}

export class Tidying {
  readonly #logs: readonly UntidyLog[]
  readonly #clock: Clock
  readonly #wake: () => void
  #timer: Timer | null = null
  #isStopped = false

  /** `wake` asks for a turn, at whose end `look` is called. */
  constructor(logs: readonly UntidyLog[], clock: Clock, wake: () => void) {
    this.#logs = logs
    this.#clock = clock
    this.#wake = wake
  }

  /** Called at the end of each turn: where there is something to tidy, that is done a while later. */
  look(): void {
    if (this.#timer !== null || this.#isStopped || !this.#logs.some(log => log.isUntidy)) return
    this.#timer = this.#clock.after(LOG_TIDY_MS, () => {
      this.#timer = null
      for (const log of this.#logs) if (log.isUntidy) log.tidy()
      this.#wake()
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }
}
