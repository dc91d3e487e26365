/** A first-in, first-out line in which both ends cost constant time. */

/** Served entries kept before the array is cut; cutting costs as much as what remains. */
const SERVED_MIN = 64

export class Fifo<T> {
  #entries: (T | undefined)[] = []
  #served = 0

  push(entry: T): void {
    this.#entries.push(entry)
  }

  /** The oldest entry, or undefined when there is none. */
  shift(): T | undefined {
    if (this.#served === this.#entries.length) return undefined
    const entry = this.#entries[this.#served]
    this.#entries[this.#served] = undefined
    this.#served += 1
    if (this.#served >= SERVED_MIN && this.#served * 2 >= this.#entries.length) this.#cut()
    return entry
  }

  #cut(): void {
    this.#entries = this.#entries.slice(this.#served)
    this.#served = 0
  }
}
