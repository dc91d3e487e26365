/**
 * What gathers during one turn of the event loop and is done once at its end: queues that may deliver, channels that
 * may confirm, logs to commit, outboxes to write. This is where group commit and coalesced confirms come from.
 */

/** Something with work left for the end of the turn; `scheduled` is true while it waits for it. */
export interface EndOfTurn {
  scheduled: boolean
  endTurn(): void
}

export class Turn {
  readonly #queues: EndOfTurn[] = []
  readonly #confirms: EndOfTurn[] = []
  readonly #outboxes: EndOfTurn[] = []
  readonly #commit: () => void
  #waiting = false

  /** `commit` starts a group commit of each log that has something new. */
  constructor(commit: () => void) {
    this.#commit = commit
  }

  /** A queue has messages and may have consumers for them. */
  pump(queue: EndOfTurn): void {
    if (queue.scheduled) return
    queue.scheduled = true
    this.#queues.push(queue)
    this.wake()
  }

  /** A channel has confirms to send that need not wait for a log. */
  confirm(confirms: EndOfTurn): void {
    if (confirms.scheduled) return
    confirms.scheduled = true
    this.#confirms.push(confirms)
    this.wake()
  }

  /** A connection has bytes to send. */
  flush(outbox: EndOfTurn): void {
    if (outbox.scheduled) return
    outbox.scheduled = true
    this.#outboxes.push(outbox)
    this.wake()
  }

  /** Makes sure that the turn ends after the events at hand. */
  wake(): void {
    if (this.#waiting) return
    this.#waiting = true
    setImmediate(this.#end)
  }

  /** Pumping fills outboxes and logs, so those come after it; what is scheduled meanwhile is done too. */
  readonly #end = (): void => {
    this.#waiting = false
    drain(this.#queues)
    drain(this.#confirms)
    this.#commit()
    drain(this.#outboxes)
  }
}

function drain(waiting: EndOfTurn[]): void {
  for (let i = 0; i < waiting.length; i++) {
    const item = waiting[i]!
    item.scheduled = false
    item.endTurn()
  }
  waiting.length = 0
}
