/**
 * When messages of one queue expire: a binary heap of (deadline, sequence number) in a typed array.
 * Entries of messages that left in the meantime stay until their deadline; the queue finds them gone and goes on.
 * Messages with the same deadline leave in the order of their queue.
 */

/** Entries that the heap gets room for with the first one. */
const CAPACITY_MIN = 64

const NONE = new Float64Array(0)

export class Expiry {
  count = 0
  /** Deadlines at even places, sequence numbers at odd ones. */
  #heap: Float64Array = NONE

  /** Deadline of the first entry in milliseconds since 1970; Infinity when there is none. */
  get nextMs(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.#heap[0]!
  }

  /** Sequence number of the first entry. */
  get nextSeq(): number {
    return this.#heap[1]!
  }

  add(deadlineMs: number, seq: number): void {
    if (this.count * 2 === this.#heap.length) this.#grow()
    const heap = this.#heap
    let at = this.count++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(deadlineMs, seq, heap, parent)) break
      heap[at * 2] = heap[parent * 2]!
      heap[at * 2 + 1] = heap[parent * 2 + 1]!
      at = parent
    }
    heap[at * 2] = deadlineMs
    heap[at * 2 + 1] = seq
  }

  /** Removes the first entry. */
  shift(): void {
    const heap = this.#heap
    const last = --this.count
    const deadlineMs = heap[last * 2]!
    const seq = heap[last * 2 + 1]!
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= last) break
      if (child + 1 < last && isBefore(heap[child * 2 + 2]!, heap[child * 2 + 3]!, heap, child)) child++
      if (isBefore(deadlineMs, seq, heap, child)) break
      heap[at * 2] = heap[child * 2]!
      heap[at * 2 + 1] = heap[child * 2 + 1]!
      at = child
    }
    heap[at * 2] = deadlineMs
    heap[at * 2 + 1] = seq
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(this.#heap.length, CAPACITY_MIN) * 2)
    larger.set(this.#heap)
    this.#heap = larger
  }
}

/** Whether a deadline and sequence number come before the entry at `at`. */
function isBefore(deadlineMs: number, seq: number, heap: Float64Array, at: number): boolean {
  const other = heap[at * 2]!
  return deadlineMs < other || (deadlineMs === other && seq < heap[at * 2 + 1]!)
}
