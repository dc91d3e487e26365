/**
 * Answers of one channel in the order of its methods, though some wait: for a definition to be on disk, or for a
 * message to come back from it.
 */

/** Puts the answer into its place; it goes out when everything before it has. */
export type Fill = (answer: () => void) => void

interface Place {
  answer: (() => void) | null
}

export class HeldReplies {
  readonly #places: Place[] = []

  get count(): number {
    return this.#places.length
  }

  /** Gives an answer that is known now. */
  answer(answer: () => void): void {
    if (this.#places.length === 0) answer()
    else this.#places.push({ answer })
  }

  /** Keeps a place for an answer that comes later, or at once. */
  reserve(): Fill {
    const place: Place = { answer: null }
    this.#places.push(place)
    return answer => {
      place.answer = answer
      this.#drain()
    }
  }

  /** The channel is gone: nobody hears the rest. */
  clear(): void {
    this.#places.length = 0
  }

  #drain(): void {
    while (this.#places.length > 0 && this.#places[0]!.answer !== null) this.#places.shift()!.answer!()
  }
}
