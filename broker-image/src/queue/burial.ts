/** How a message leaves its queue for good. */
import type { QueueContext } from './context.ts'
import { bodySize, type DeathReason, isPersistent, type Message, positionOf, settledBy } from './message.ts'
import { mayMove } from './pace.ts'
import type { Queue } from './queue.ts'
import type { Ready } from './ready.ts'
import { wireOf } from './wire-bytes.ts'

const NOTHING = { count: 0, bytes: 0 }

/** More is ready than the queue may hold. */
export function isOverfull({ ready, settings: { maxLength, maxLengthBytes } }: Queue): boolean {
  return ready.count > maxLength || ready.bytes > maxLengthBytes
}

/** Another body of `bytes` does not fit; what is dead and kept here counts as well [RabbitMQ]. */
export function isFull({ ready, dead, settings }: Queue, bytes: number): boolean {
  const { maxLength, maxLengthBytes, keepsDead } = settings
  const kept = keepsDead ? dead : NOTHING
  return ready.count + kept.count >= maxLength || ready.bytes + kept.bytes + bytes > maxLengthBytes
}

export class Burial {
  readonly #queue: Queue
  readonly #context: QueueContext

  constructor(queue: Queue, context: QueueContext) {
    this.#queue = queue
    this.#context = context
  }

  /** Ends one message that is neither ready nor unacknowledged any more. `why` is one of SETTLED. */
  settle(message: Message, why: number): void {
    this.#queue.forget(message.seq)
    if (isPersistent(message.sized)) this.#context.log.appendSettle(this.#queue.id, message.seq, 1, why)
    this.#context.segments.release(message.segment, 1, bodySize(message.sized))
  }

  /** The same, with a dead letter if the queue has an exchange for them. */
  bury(message: Message, reason: DeathReason): void {
    const why = settledBy(reason)
    if (this.#queue.settings.deadLetterExchange === undefined) {
      this.settle(message, why)
      return
    }
    const { dead, settings } = this.#queue
    const bytes = this.#context.segments.bytes(message.segment)
    // Behind those that are being read back or wait for room, so that dead letters keep their order.
    const isBehind = dead.count > 0 && !settings.keepsDead
    const isToGo = bytes === null || isBehind || !mayMove(this.#context.log, bodySize(message.sized))
    if (isToGo) this.#keep(message, reason, true)
    else if (!this.#context.deadLetter(this.#queue, wireOf(bytes, message), reason, () => this.settle(message, why))) {
      if (settings.keepsDead) this.#keep(message, reason, false)
      else this.settle(message, why)
    }
  }

  /** Forgets all that is ready: the queue is gone. */
  release(ready: Ready): void {
    ready.each(() => this.#context.segments.release(ready.segment, 1, bodySize(ready.sized)))
    ready.clear()
  }

  /** Ends messages until the queue has no more than it may. */
  buryExcess(): void {
    const { ready } = this.#queue
    while (isOverfull(this.#queue) && ready.peekLeast()) {
      ready.shift()
      this.bury(positionOf(ready), 'maxlen')
    }
  }

  /** Ends all that is ready, with one entry in the log for each run of neighbours. */
  settleReady(ready: Ready, why: number): void {
    const { log, segments } = this.#context
    let first = 0
    let count = 0
    const write = (): void => {
      if (count > 0) log.appendSettle(this.#queue.id, first, count, why)
    }
    ready.each(() => {
      segments.release(ready.segment, 1, bodySize(ready.sized))
      this.#queue.forget(ready.seq)
      if (!isPersistent(ready.sized)) return
      if (ready.seq === first + count) {
        count++
        return
      }
      write()
      first = ready.seq
      count = 1
    })
    write()
    ready.clear()
  }

  #keep(message: Message, reason: DeathReason, isToGo: boolean): void {
    this.#queue.forget(message.seq)
    this.#queue.dead.add(message, reason)
    if (isToGo) this.#queue.dead.wake()
  }
}
