/**
 * The messages of one priority that are ready, as positions in a log, in the order of their sequence numbers.
 *
 * `Positions` has a place for every sequence number. Of those, one priority may have few: with ten priorities its pages
 * would be nine tenths empty. Here a slot holds its number too, so that pages are full whichever numbers they have: 16
 * bytes a message.
 *
 * Invariants: pages are sorted, none from the head on is empty, and numbers rise within a page, also those of slots whose
 * message has left.
 */

/** Messages in one page. */
const PAGE_SLOTS = 128
/** Words in a slot: distance of the sequence number to that of the page, segment handle (0 = left), offset, size and flags. */
const SLOT_WORDS = 4
const PAGE_WORDS = PAGE_SLOTS * SLOT_WORDS
const DISTANCE_MAX = 0xffff_ffff
/** A page with fewer messages joins the next one, if that leaves room. */
const FEW = PAGE_SLOTS / 4

class Page {
  base: number
  readonly words = new Uint32Array(PAGE_WORDS)
  /** Slots that are or were taken, from the first on. */
  used = 0
  live = 0
  constructor(base: number) {
    this.base = base
  }

  /** An empty page for the numbers from there on. */
  begin(base: number): void {
    this.base = base
    this.used = 0
    this.live = 0
  }

  seqAt(slot: number): number {
    return this.base + this.words[slot * SLOT_WORDS]!
  }

  isLive(slot: number): boolean {
    return this.words[slot * SLOT_WORDS + 1] !== 0
  }

  /** The first slot whose number is not below `seq`. */
  slotFor(seq: number): number {
    let low = 0
    let high = this.used
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.seqAt(middle) < seq) low = middle + 1
      else high = middle
    }
    return low
  }

  write(slot: number, seq: number, segment: number, offset: number, sized: number): void {
    const word = slot * SLOT_WORDS
    this.words[word] = seq - this.base
    this.words[word + 1] = segment
    this.words[word + 2] = offset
    this.words[word + 3] = sized
    this.live++
  }

  /** Makes a gap before a slot. There is room, and `seq` is not too far away. */
  open(slot: number, seq: number): void {
    this.words.copyWithin((slot + 1) * SLOT_WORDS, slot * SLOT_WORDS, this.used * SLOT_WORDS)
    this.used++
    if (seq >= this.base) return
    for (let other = 1; other < this.used; other++) this.words[other * SLOT_WORDS]! += this.base - seq
    this.base = seq
  }

  /** Adds the messages of another page, which come behind those that are here. */
  append(other: Page, from = 0): void {
    const shift = other.base - this.base
    for (let slot = from; slot < other.used; slot++) {
      if (!other.isLive(slot)) continue
      const word = slot * SLOT_WORDS
      const to = this.used++ * SLOT_WORDS
      this.words.set(other.words.subarray(word, word + SLOT_WORDS), to)
      this.words[to]! += shift
      this.live++
    }
  }

  /** The same messages from the first slot on. */
  compacted(): Page {
    const page = new Page(this.base)
    page.append(this)
    return page
  }
}

export class DensePositions {
  count = 0
  /** The message that `peek`, `take`, `find` or `each` found last. */
  seq = 0
  segment = 0
  offset = 0
  sized = 0

  #pages: Page[] = []
  /** The page that the head left last, for the next one that is needed. */
  #spare: Page | undefined
  #first = 0
  /** The number that came last into a place between others. */
  #inserted = 0
  /** Slots of the first page below which no message is. */
  #head = 0

  /** Adds a message in its place. Sequence numbers are unique; usually `seq` is the highest so far. */
  put(seq: number, segment: number, offset: number, sized: number): void {
    this.count++
    const last = this.#pages[this.#pages.length - 1]
    if (last === undefined || this.#first === this.#pages.length || seq > last.seqAt(last.used - 1)) {
      const page = this.#roomBehind(last, seq)
      page.write(page.used++, seq, segment, offset, sized)
      return
    }
    const index = Math.max(this.#find(seq), this.#first)
    const page = this.#pages[index]!
    const slot = page.slotFor(seq)
    if (slot < page.used && page.seqAt(slot) === seq) {
      page.write(slot, seq, segment, offset, sized)
      if (index === this.#first) this.#head = Math.min(this.#head, slot)
    } else this.#insert(index, seq, [segment, offset, sized])
  }

  /** Finds the first message without removing it. False when there is none. */
  peek(): boolean {
    if (this.count === 0) return false
    const page = this.#pages[this.#first]!
    while (!page.isLive(this.#head)) this.#head++
    this.#read(page, this.#head)
    return true
  }

  /** Removes the message that `peek` found just now. */
  shift(): void {
    this.#leave(this.#first, this.#head)
  }

  /** Removes the message with this sequence number. False when it is not here. */
  take(seq: number): boolean {
    const index = this.#find(seq)
    const slot = this.#slotOf(index, seq)
    if (slot < 0) return false
    this.#read(this.#pages[index]!, slot)
    this.#leave(index, slot)
    this.#join(index)
    this.#join(index - 1)
    return true
  }

  /** Finds the message with this sequence number. False when it is not here. */
  find(seq: number): boolean {
    const index = this.#find(seq)
    const slot = this.#slotOf(index, seq)
    if (slot >= 0) this.#read(this.#pages[index]!, slot)
    return slot >= 0
  }

  /** The message, which is here, stands elsewhere in the log now. */
  move(seq: number, segment: number, offset: number): void {
    const index = this.#find(seq)
    const slot = this.#slotOf(index, seq)
    if (slot < 0) throw new Error(`message ${seq} is moved and not here`)
    const { words } = this.#pages[index]!
    words[slot * SLOT_WORDS + 1] = segment
    words[slot * SLOT_WORDS + 2] = offset
  }

  /** Calls `visit` for each message in order, with its position in the fields of this object. */
  each(visit: () => void): void {
    for (let index = this.#first; index < this.#pages.length; index++) {
      const page = this.#pages[index]!
      for (let slot = 0; slot < page.used; slot++) {
        if (!page.isLive(slot)) continue
        this.#read(page, slot)
        visit()
      }
    }
  }

  /** Calls `visit` for each run of neighbouring sequence numbers, in order. */
  eachRun(visit: (firstSeq: number, count: number) => void): void {
    let first = 0
    let count = 0
    this.each(() => {
      if (this.seq === first + count) {
        count++
        return
      }
      if (count > 0) visit(first, count)
      first = this.seq
      count = 1
    })
    if (count > 0) visit(first, count)
  }

  clear(): void {
    this.#pages = []
    this.#spare = undefined
    this.#first = 0
    this.#head = 0
    this.count = 0
  }

  #read(page: Page, slot: number): void {
    const word = slot * SLOT_WORDS
    this.seq = page.seqAt(slot)
    this.segment = page.words[word + 1]!
    this.offset = page.words[word + 2]!
    this.sized = page.words[word + 3]!
  }

  /** The last page, or a new one behind it when it has no room. */
  #roomBehind(last: Page | undefined, seq: number): Page {
    if (this.#first === this.#pages.length) return this.#onlyPage(seq)
    if (last!.used < PAGE_SLOTS && seq - last!.base <= DISTANCE_MAX) return last!
    const page = this.#spare ?? new Page(seq)
    this.#spare = undefined
    page.begin(seq)
    this.#pages.push(page)
    return page
  }

  /** Where nothing is left, the last page is written again. */
  #onlyPage(seq: number): Page {
    const page = this.#pages[this.#pages.length - 1] ?? new Page(seq)
    page.begin(seq)
    this.#pages = [page]
    this.#spare = undefined
    this.#first = 0
    this.#head = 0
    return page
  }

  #insert(index: number, seq: number, [segment, offset, sized]: readonly [number, number, number]): void {
    const page = this.#withRoom(index, seq)
    const slot = page.slotFor(seq)
    page.open(slot, seq)
    page.write(slot, seq, segment, offset, sized)
    this.#inserted = seq
    this.#head = 0
  }

  /** The page of that index, or the one that is made for the number, with room for it. */
  #withRoom(index: number, seq: number): Page {
    const page = this.#pages[index]!
    const last = page.seqAt(page.used - 1)
    if (Math.max(last, seq) - Math.min(page.base, seq) > DISTANCE_MAX)
      return this.#added(seq < page.base ? index : index + 1, seq)
    if (page.used < PAGE_SLOTS) return page
    if (page.live < PAGE_SLOTS) {
      this.#pages[index] = page.compacted()
      return this.#pages[index]
    }
    if (seq < page.base) return this.#added(index, seq)
    const cut = this.#cutFor(page, seq)
    const upper = this.#added(index + 1, cut < PAGE_SLOTS ? page.seqAt(cut) : seq)
    upper.append(page, cut)
    page.used = cut
    page.live = cut
    return seq < upper.base ? page : upper
  }

  /** The slot from which on a full page goes to another one: those that come back in order leave full pages behind them. */
  #cutFor(page: Page, seq: number): number {
    const slot = page.slotFor(seq)
    return slot > PAGE_SLOTS / 2 && page.seqAt(slot - 1) === this.#inserted ? slot : PAGE_SLOTS / 2
  }

  #added(index: number, base: number): Page {
    const page = new Page(base)
    this.#pages.splice(index, 0, page)
    return page
  }

  #leave(index: number, slot: number): void {
    const page = this.#pages[index]!
    page.words[slot * SLOT_WORDS + 1] = 0
    page.live--
    this.count--
    if (page.live > 0) return
    if (index === this.#first) this.#leaveFirst()
    else this.#pages.splice(index, 1)
  }

  #leaveFirst(): void {
    this.#spare = this.#pages[this.#first]
    this.#first++
    this.#head = 0
    if (this.#first < this.#pages.length && this.#first * 2 > this.#pages.length) {
      this.#pages.splice(0, this.#first)
      this.#first = 0
    }
  }

  /** Two pages of few messages become one. */
  #join(index: number): void {
    const page = this.#pages[index]
    const next = this.#pages[index + 1]
    if (page === undefined || next === undefined || index < this.#first || page.live >= FEW || next.live >= FEW) return
    if (next.seqAt(next.used - 1) - page.base > DISTANCE_MAX) return
    const joined = page.compacted()
    joined.append(next)
    this.#pages.splice(index, 2, joined)
    if (index === this.#first) this.#head = 0
  }

  /** The slot of a message that is here, else -1. */
  #slotOf(index: number, seq: number): number {
    if (index < this.#first) return -1
    const page = this.#pages[index]!
    const slot = page.slotFor(seq)
    return slot < page.used && page.seqAt(slot) === seq && page.isLive(slot) ? slot : -1
  }

  /** Index of the last page from the head on that does not begin above `seq`; the one before the head when all do. */
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
