/** The sequence numbers of one queue's messages: given out in order, and never again after a restart. */
export class Sequence {
  /** What the next message gets. */
  next = 1
  /** Messages below were here before this process: some may have been delivered already. */
  #recoveredBelow = 0

  /** Gives out the number of a message that is about to be appended to the log. */
  take(): number {
    return this.next++
  }

  /** The log says that the numbers below `next` are taken. */
  recover(next: number): void {
    this.next = Math.max(this.next, next)
    this.#recoveredBelow = this.next
  }

  /** Whether the message is from before this process, and so counts as redelivered [AMQP `redelivered`]. */
  isRecovered(seq: number): boolean {
    return seq < this.#recoveredBelow
  }
}
