/** Runs of sequence numbers, gathered for a checkpoint: typed arrays, since a queue may hold millions of single ones. */

/** Runs that there is room for at first. */
const CAPACITY_MIN = 16

export class LiveRuns {
  /** First, count, first, count, … */
  #pairs = new Float64Array(CAPACITY_MIN * 2)
  #length = 0
  #isSorted = true

  /** Adds a run that shares no number with another one. Runs mostly come in order, or in a few stretches that do. */
  add(first: number, count: number): void {
    const pairs = this.#pairs
    const at = this.#length
    if (at > 0) {
      if (pairs[at - 2]! + pairs[at - 1]! === first) {
        pairs[at - 1]! += count
        return
      }
      if (pairs[at - 2]! > first) this.#isSorted = false
    }
    if (at === pairs.length) this.#grow()
    this.#pairs[at] = first
    this.#pairs[at + 1] = count
    this.#length = at + 2
  }

  /** The runs by rising numbers, neighbours joined. */
  sorted(): Float64Array {
    while (!this.#isSorted) this.#mergeStretches()
    return this.#pairs.subarray(0, this.#length)
  }

  /** One pass of a merge sort that begins with the stretches there are. */
  #mergeStretches(): void {
    const merged = new LiveRuns()
    merged.#pairs = new Float64Array(this.#length)
    for (let at = 0; at < this.#length; ) {
      const middle = this.#stretchEnd(at)
      const end = middle < this.#length ? this.#stretchEnd(middle) : middle
      this.#merge(at, middle, end, merged)
      at = end
    }
    this.#pairs = merged.#pairs
    this.#length = merged.#length
    this.#isSorted = merged.#isSorted
  }

  #merge(start: number, middle: number, end: number, into: LiveRuns): void {
    const pairs = this.#pairs
    let left = start
    let right = middle
    while (left < middle || right < end) {
      const isLeft = right >= end || (left < middle && pairs[left]! < pairs[right]!)
      const at = isLeft ? left : right
      into.add(pairs[at]!, pairs[at + 1]!)
      if (isLeft) left += 2
      else right += 2
    }
  }

  /** Where the rising stretch ends that begins at `start`. */
  #stretchEnd(start: number): number {
    const pairs = this.#pairs
    let at = start + 2
    while (at < this.#length && pairs[at]! > pairs[at - 2]!) at += 2
    return at
  }

  #grow(): void {
    const larger = new Float64Array(this.#pairs.length * 2)
    larger.set(this.#pairs)
    this.#pairs = larger
  }
}
