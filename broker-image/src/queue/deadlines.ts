/** When the messages of one queue expire, and the timer that fires for the first of them. */
import type { Clock, Timer } from '../clock.ts'
import { targetExpiryAt } from '../log/record.ts'
import { fetchSegment, type QueueContext } from './context.ts'
import { Expiry } from './expiry.ts'
import { isRedelivered, type Message, positionOf } from './message.ts'

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

  /** A message came back: its deadline is set anew if it passed, or if the message may never have waited before. */
  restore(context: QueueContext, queueId: number, message: Message): void {
    const isNew = !isRedelivered(message.sized)
    readDeadline(context, queueId, message, (deadlineMs, { seq }) => {
      if (deadlineMs > 0 && (isNew || deadlineMs <= this.#clock.now())) this.add(deadlineMs, seq)
    })
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

/**
 * Calls `use` with the deadline that a message got when it came to queue `queueId`, milliseconds since 1970 or 0 for
 * never: at once, or when the message is back from disk.
 */
function readDeadline(
  context: QueueContext,
  queueId: number,
  message: Message,
  use: (deadlineMs: number, message: Message) => void,
): void {
  const bytes = context.segments.bytes(message.segment)
  if (bytes !== null) {
    use(targetExpiryAt(bytes, message.offset, queueId), message)
    return
  }
  const position = positionOf(message)
  fetchSegment(context, position.segment, () => readDeadline(context, queueId, position, use))
}
