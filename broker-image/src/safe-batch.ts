/** Which messages are safe: a message is, once it is on disk together with the definition of every queue it went to. */

/** A log as far as it counts here: the batch of its last entry, and the newest batch that is on disk. */
export interface Progress {
  readonly lastBatch: number
  readonly stableBatch: number
}

/** Somebody who waits for messages to be safe. */
export interface SafeWaiter {
  /** Every batch up to this one is safe. True while others are still waited for. */
  stable(batch: number): boolean
}

/**
 * Follows the log of messages and the log of definitions. Whatever a batch of messages needs of the definitions was
 * appended before that batch was stable; so it is safe once the definitions are as far as they were then. To wait until
 * nothing at all waits there would be for ever, while somebody goes on declaring.
 */
export class SafeBatch {
  /** Messages of this batch and of all before it are safe. */
  batch = 0
  /** Messages on disk, and the batch of definitions that they wait for. */
  #next = 0
  #needs = 0

  /** Call it after either log came further; `stableBatch` is that of the messages. */
  update(stableBatch: number, definitions: Progress): void {
    while (this.batch < stableBatch) {
      if (this.#next === this.batch) {
        this.#next = stableBatch
        this.#needs = definitions.lastBatch
      }
      if (definitions.stableBatch < this.#needs) return
      this.batch = this.#next
    }
  }
}
