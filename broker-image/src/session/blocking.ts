/** A publisher that waits while memory or disk is short, and is told so if it asked for that [RabbitMQ `connection.blocked`]. */
import type { Alarms } from '../alarms.ts'
import type { MethodArgs } from '../wire/methods.ts'

/** The connection of the publisher. */
export interface Blockable {
  pause(holder: object): void
  resume(holder: object): void
  send<N extends 'connection.blocked' | 'connection.unblocked'>(name: N, args: MethodArgs<N>): void
}

export class Blocking {
  /** The client's capability `connection.blocked`. */
  isTold = false
  readonly #alarms: Alarms
  readonly #connection: Blockable
  #isBlocked = false

  constructor(alarms: Alarms, connection: Blockable) {
    this.#alarms = alarms
    this.#connection = connection
  }

  /** Looks at the alarms: blocks a publisher while one is on, and lets it go when none is. */
  update(isPublisher: boolean): void {
    const { any, reason } = this.#alarms
    const isBlocked = any && (isPublisher || this.#isBlocked)
    if (isBlocked === this.#isBlocked) return
    this.#isBlocked = isBlocked
    if (isBlocked) {
      if (this.isTold) this.#connection.send('connection.blocked', { reason })
      this.#connection.pause(this.#alarms)
    } else {
      if (this.isTold) this.#connection.send('connection.unblocked', {})
      this.#connection.resume(this.#alarms)
    }
  }
}
