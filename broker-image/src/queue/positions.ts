/**
 * The messages of a queue that are ready, as positions in a log, in the order of their sequence numbers.
 *
 * A position is three numbers in a typed array, not an object: ten million waiting messages cost 12 bytes each. The
 * array is cut into pages by sequence number, so that a message can come back to its old place (requeue) or leave from
 * the middle (expiry), and so that long runs of settled messages cost nothing.
 *
 * Invariants: pages are sorted by `base`; no page before index `#first` and no slot below `#head` holds a message.
 */

import { bodySize } from './message.ts'
import type { Ready } from './ready.ts'

/** Sequence numbers in one page. */
const PAGE_SLOTS = 128
/** Words in a slot: segment handle (0 = empty), offset, size and flags. */
const SLOT_WORDS = 3
/** Pages that the head has left are forgotten in lots of at least this many. */
const PASSED_PAGES_MAX = 32

class Page {
  base: number
  readonly words = new Uint32Array(PAGE_SLOTS * SLOT_WORDS)
  live = 0
  constructor(base: number) {
    this.base = base
  }
}

export class Positions implements Ready {
  /** Messages held. */
  count = 0
  /** Sum of the body sizes of the messages held. */
  bytes = 0

  /** The message that `peek`, `take`, `find` or `each` found last. */
  seq = 0
  segment = 0
  offset = 0
  sized = 0

  #pages: Page[] = []
  #first = 0
  /** The page that the head left last, empty, for the next one that is needed. */
  #spare: Page | null = null
  #head = 0

  /** Adds a message in its place. Sequence numbers are unique; usually `seq` is the highest so far. */
  put(seq: number, segment: number, offset: number, sized: number): void {
    const page = this.#pageFor(seq)
    const word = (seq - page.base) * SLOT_WORDS
    page.words[word] = segment
    page.words[word + 1] = offset
    page.words[word + 2] = sized
    page.live++
    if (this.count === 0 || seq < this.#head) this.#head = seq
    this.count++
    this.bytes += bodySize(sized)
  }

  /** Finds the first message without removing it. False when there is none. */
  peek(): boolean {
    if (this.count === 0) return false
    let page = this.#pages[this.#first]!
    while (page.live === 0) page = this.#nextPage()
    let slot = this.#head > page.base ? this.#head - page.base : 0
    while (page.words[slot * SLOT_WORDS] === 0) slot++
    this.#head = page.base + slot
    this.#read(page, slot)
    return true
  }

  /** Finds the first message whose sequence number is not below `seq`. False when there is none. */
  findFrom(seq: number): boolean {
    for (let index = Math.max(this.#find(seq), this.#first); index < this.#pages.length; index++) {
      const page = this.#pages[index]!
      if (page.live === 0) continue
      for (let slot = Math.max(seq - page.base, 0); slot < PAGE_SLOTS; slot++) {
        if (page.words[slot * SLOT_WORDS] === 0) continue
        this.#read(page, slot)
        return true
      }
    }
    return false
  }

  /** The first one too: what has waited longest is dropped. */
  peekLeast(): boolean {
    return this.peek()
  }

  /** Removes the message that `peek` found just now. */
  shift(): void {
    const page = this.#pages[this.#first]!
    this.#clear(page, this.#head - page.base)
    this.#head++
  }

  /** Removes the message with this sequence number. False when it is not here. */
  take(seq: number): boolean {
    const page = this.#pageWith(seq)
    if (page === undefined) return false
    this.#read(page, seq - page.base)
    this.#clear(page, seq - page.base)
    return true
  }

  find(seq: number): boolean {
    const page = this.#pageWith(seq)
    if (page !== undefined) this.#read(page, seq - page.base)
    return page !== undefined
  }

  move(seq: number, segment: number, offset: number): void {
    const page = this.#pageWith(seq)
    if (page === undefined) throw new Error(`message ${seq} is moved and not here`)
    const word = (seq - page.base) * SLOT_WORDS
    page.words[word] = segment
    page.words[word + 1] = offset
  }

  /** Calls `visit` for each message in order, with its position in the fields of this object. */
  each(visit: () => void): void {
    for (let index = this.#first; index < this.#pages.length; index++) {
      const page = this.#pages[index]!
      for (let slot = 0; slot < PAGE_SLOTS; slot++) {
        if (page.words[slot * SLOT_WORDS] === 0) continue
        this.#read(page, slot)
        visit()
      }
    }
  }

  /** Calls `visit` for each run of neighbouring sequence numbers, in order; a full page costs one step. */
  eachRun(visit: (firstSeq: number, count: number) => void): void {
    let first = 0
    let count = 0
    const extend = (seq: number, by: number): void => {
      if (count > 0 && seq === first + count) {
        count += by
        return
      }
      if (count > 0) visit(first, count)
      first = seq
      count = by
    }
    for (let index = this.#first; index < this.#pages.length; index++) {
      const page = this.#pages[index]!
      if (page.live === PAGE_SLOTS) extend(page.base, PAGE_SLOTS)
      else if (page.live > 0) {
        for (let slot = 0; slot < PAGE_SLOTS; slot++) {
          if (page.words[slot * SLOT_WORDS] !== 0) extend(page.base + slot, 1)
        }
      }
    }
    if (count > 0) visit(first, count)
  }

  /** Forgets every message. */
  clear(): void {
    this.#pages = []
    this.#first = 0
    this.#spare = null
    this.count = 0
    this.bytes = 0
  }

  #read(page: Page, slot: number): void {
    const word = slot * SLOT_WORDS
    this.seq = page.base + slot
    this.segment = page.words[word]!
    this.offset = page.words[word + 1]!
    this.sized = page.words[word + 2]!
  }

  #clear(page: Page, slot: number): void {
    const word = slot * SLOT_WORDS
    this.bytes -= bodySize(page.words[word + 2]!)
    page.words[word] = 0
    page.live--
    this.count--
  }

  #nextPage(): Page {
    this.#spare = this.#pages[this.#first]!
    this.#first++
    if (this.#first > PASSED_PAGES_MAX && this.#first * 2 > this.#pages.length) {
      this.#pages.splice(0, this.#first)
      this.#first = 0
    }
    return this.#pages[this.#first]!
  }

  #pageFor(seq: number): Page {
    const last = this.#pages[this.#pages.length - 1]
    if (last !== undefined && seq >= last.base && seq < last.base + PAGE_SLOTS) return last
    const base = seq - (seq % PAGE_SLOTS)
    if (this.count === 0) return this.#onlyPage(base)
    if (base > last!.base) {
      const page = this.#spare ?? new Page(base)
      this.#spare = null
      page.base = base
      this.#pages.push(page)
      return page
    }
    return this.#oldPage(base)
  }

  /** An empty queue keeps one page and writes it again. */
  #onlyPage(base: number): Page {
    const page = this.#pages[this.#pages.length - 1] ?? new Page(base)
    page.base = base
    this.#pages = [page]
    this.#first = 0
    return page
  }

  /** The page of a message that comes back, made anew when the head has left it. */
  #oldPage(base: number): Page {
    let index = this.#find(base)
    if (index < this.#first || this.#pages[index]!.base !== base) {
      index++
      this.#pages.splice(index, 0, new Page(base))
    }
    return this.#pages[index]!
  }

  #pageWith(seq: number): Page | undefined {
    const index = this.#find(seq)
    if (index < this.#first) return undefined
    const page = this.#pages[index]!
    const slot = seq - page.base
    return slot < PAGE_SLOTS && page.words[slot * SLOT_WORDS] !== 0 ? page : undefined
  }

  /** Index of the last page from the head on whose base is not above `seq`; the one before the head when all are above. */
  #find(seq: number): number {
    let low = this.#first
    let high = this.#pages.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#pages[middle]!.base <= seq) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
