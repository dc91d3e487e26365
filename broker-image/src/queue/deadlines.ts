/** When the messages of one queue expire, and the timer that fires for the first of them. */
import type { Clock, Timer } from '../clock.ts'
import { Expiry } from './expiry.ts'

export class Deadlines {
  readonly #clock: Clock
  readonly #expired: (seqs: Iterable<number>) => void
  readonly #expiry = new Expiry()
  #timer: Timer | undefined
  #timerMs = Number.POSITIVE_INFINITY

  /** `expired` is called with the sequence numbers of messages whose time is up, some of which may be gone. */
  constructor(clock: Clock, expired: (seqs: Iterable<number>) => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** `deadlineMs` counts from 1970. */
  add(deadlineMs: number, seq: number): void {
    this.#expiry.add(deadlineMs, seq)
    this.#arm()
  }

  /** Nothing expires any more. */
  stop(): void {
    this.#timer?.cancel()
  }

  #arm(): void {
    const { nextMs } = this.#expiry
    if (nextMs === this.#timerMs) return
    this.#timer?.cancel()
    this.#timerMs = nextMs
    if (nextMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.after(nextMs - this.#clock.now(), () => this.#fire())
  }

  #fire(): void {
    this.#expired(this.#due())
    this.#timerMs = Number.POSITIVE_INFINITY
    this.#arm()
  }

  *#due(): Iterable<number> {
    const now = this.#clock.now()
    while (this.#expiry.nextMs <= now) {
      const seq = this.#expiry.nextSeq
      this.#expiry.shift()
      yield seq
    }
  }
}
