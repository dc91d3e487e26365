/** What one queue may hold after a crash, by what its clients know: certain messages, and uncertain ones. */

/** The state of a message as its publisher and consumer see it. */
type Known = {
  confirmed: boolean
  /** Undefined until an ack is sent; then how many publishes went before it on the same channel. */
  ackedAfter: number | undefined
}

export class QueueModel {
  readonly #messages = new Map<number, Known>()
  /** The highest publish of the channel that is confirmed, counted in this life of the broker. */
  #confirmedPublishes = 0

  /** Call in the order of publishing. */
  published(sequence: number): void {
    this.#messages.set(sequence, { confirmed: false, ackedAfter: undefined })
  }

  confirmed(sequence: number, nthPublish: number): void {
    const message = this.#messages.get(sequence)
    if (message !== undefined) message.confirmed = true
    this.#confirmedPublishes = Math.max(this.#confirmedPublishes, nthPublish)
  }

  /**
   * An ack was sent. `afterPublishes` counts the publishes to this queue before it on the same channel: the log keeps their
   * order, so the confirm of a later one proves the ack durable. `Infinity` where the ack has a channel of its own.
   */
  acked(sequence: number, afterPublishes: number): void {
    const message = this.#messages.get(sequence)
    if (message !== undefined) message.ackedAfter ??= afterPublishes
  }

  /** What is wrong with these contents after a restart; the model then takes them for what is certain. */
  restarted(contents: readonly number[]): string[] {
    const wrong: string[] = []
    const held = new Set(contents)
    for (const [i, sequence] of contents.entries()) {
      if (i > 0 && sequence <= contents[i - 1]!) wrong.push(`${sequence} stands behind ${contents[i - 1]}`)
      const reason = this.#forbids(sequence)
      if (reason !== undefined) wrong.push(`${sequence} ${reason}`)
    }
    for (const [sequence, { confirmed, ackedAfter }] of this.#messages) {
      if (confirmed && ackedAfter === undefined && !held.has(sequence)) wrong.push(`${sequence} is lost`)
    }
    this.#messages.clear()
    this.#confirmedPublishes = 0
    for (const sequence of contents) this.#messages.set(sequence, { confirmed: true, ackedAfter: undefined })
    return wrong
  }

  #forbids(sequence: number): string | undefined {
    const message = this.#messages.get(sequence)
    if (message === undefined) return 'was gone before, or never published'
    const { ackedAfter } = message
    if (ackedAfter !== undefined && ackedAfter < this.#confirmedPublishes) return 'came back after a durable ack'
    return undefined
  }
}
