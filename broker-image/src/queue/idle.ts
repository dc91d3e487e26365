/** When a queue was last used, and its end when it is not used for too long (`x-expires`). */
import type { Timer } from '../clock.ts'
import type { QueueContext } from './context.ts'
import type { Queue } from './queue.ts'

export class Idle {
  /** Milliseconds since 1970. */
  sinceMs: number
  readonly #queue: Queue
  readonly #context: QueueContext
  #timer: Timer | undefined

  constructor(queue: Queue, context: QueueContext) {
    this.sinceMs = context.clock.now()
    this.#queue = queue
    this.#context = context
  }

  /** The queue is used now. */
  touch(): void {
    const { settings, consumers, deleted } = this.#queue
    const { clock } = this.#context
    this.sinceMs = clock.now()
    this.stop()
    if (settings.expiresMs === Number.POSITIVE_INFINITY || consumers.count > 0 || deleted) return
    this.#timer = clock.after(settings.expiresMs, () => this.#context.deleteQueue(this.#queue))
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
