/**
 * Deliveries of one channel that wait for a settlement, in the order of their delivery tags: a ring of numbers, not an
 * object a message.
 *
 * Invariant: slots [first, first + count) are in use, by rising tags; a slot that was settled out of turn has holder 0,
 * and the first slot never has. A slot that is held for a transaction has its highest bit of that word set.
 */
import type { Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { ChannelError } from '../wire/errors.ts'
import { AckRun } from './ack-run.ts'

/** Whoever a delivery went to: a consumer, or `basic.get` on a queue. */
export interface Holder {
  readonly queue: Queue
  /** Deliveries that wait for a settlement. */
  unacked: number
  /** A delivery was settled. */
  released(): void
}

const SLOTS_MIN = 64
/** Words of a slot: holder + 1 (0 = settled), segment, offset, low half of sequence number, size and flags, low half of tag. */
const SLOT_WORDS = 6
const TAG_WORD = 5
/** Beside the holder: a transaction has settled the delivery, and has not been committed. */
const HELD = 0x8000_0000

export class Unacked implements Message {
  /** Deliveries that are not settled. */
  live = 0
  /** Those among them that are held for a transaction. */
  held = 0

  /** The message that was looked at last. */
  seq = 0
  segment = 0
  offset = 0
  sized = 0

  #ring = new Uint32Array(0)
  #mask = -1
  #first = 0
  #count = 0
  #firstTag = 0
  readonly #holders: Holder[] = []
  readonly #holderIndex = new Map<Holder, number>()
  readonly #run = new AckRun()

  /** Adds the delivery with this tag, which is above all others. */
  add(tag: number, holder: Holder, message: Message): void {
    if (this.#count > this.#mask) this.#grow()
    if (this.#count === 0) this.#firstTag = tag
    const word = ((this.#first + this.#count) & this.#mask) * SLOT_WORDS
    const ring = this.#ring
    ring[word] = this.#indexOf(holder) + 1
    ring[word + 1] = message.segment
    ring[word + 2] = message.offset
    ring[word + 3] = message.seq
    ring[word + 4] = message.sized
    ring[word + TAG_WORD] = tag
    this.#count++
    this.live++
    holder.unacked++
  }

  /** Settles as acknowledged. Tag 0 with `multiple` means all. @throws ChannelError 406 unknown delivery tag. */
  acknowledge(tag: number, multiple: boolean): void {
    const last = this.#lastSlot(tag, multiple)
    const run = this.#run
    for (let slot = multiple ? this.#first : last; slot <= last; slot++) {
      const holder = this.#take(slot)
      if (holder !== null) run.add(holder, this)
    }
    run.end()
    this.#trim()
  }

  /** Settles as refused: back to the queue, or away. @throws ChannelError 406 unknown delivery tag. */
  refuse(tag: number, multiple: boolean, requeue: boolean): void {
    const last = this.#lastSlot(tag, multiple)
    for (let slot = multiple ? this.#first : last; slot <= last; slot++) {
      const holder = this.#take(slot)
      if (holder === null) continue
      if (requeue) holder.queue.requeue(this)
      else holder.queue.discard(this)
      holder.released()
    }
    this.#trim()
  }

  /** Puts everything back that is not held: the channel ends, or the client asked for it (`basic.recover`). */
  requeueAll(): void {
    if (this.live > 0) this.refuse(0, true, true)
  }

  /**
   * Holds deliveries for a transaction: nobody can settle them until `letGo`. Answers the highest of their tags, 0 when
   * there are none. @throws ChannelError 406 unknown delivery tag.
   */
  hold(tag: number, multiple: boolean): number {
    const last = this.#lastSlot(tag, multiple)
    for (let slot = multiple ? this.#first : last; slot <= last; slot++) {
      const word = (slot & this.#mask) * SLOT_WORDS
      const holder = this.#ring[word]!
      if (holder === 0 || holder >= HELD) continue
      this.#ring[word] = holder + HELD
      this.held++
    }
    return last < this.#first ? 0 : this.#firstTag + this.#aheadAt(last)
  }

  /** Ends all holds: the deliveries wait for a settlement again. */
  letGo(): void {
    for (let slot = this.#first; this.held > 0; slot++) {
      const word = (slot & this.#mask) * SLOT_WORDS
      const holder = this.#ring[word]!
      if (holder < HELD) continue
      this.#ring[word] = holder - HELD
      this.held--
    }
  }

  /** Tag of the oldest delivery that nobody has settled, nor holds; 0 = none. */
  get oldestTag(): number {
    for (let slot = this.#first; slot < this.#first + this.#count; slot++) {
      const holder = this.#ring[(slot & this.#mask) * SLOT_WORDS]!
      if (holder !== 0 && holder < HELD) return this.#firstTag + this.#aheadAt(slot)
    }
    return 0
  }

  /** Calls `visit` with the queue and sequence number of each delivery that is not settled. */
  each(visit: (queue: Queue, seq: number) => void): void {
    for (let slot = this.#first; slot < this.#first + this.#count; slot++) {
      const holder = this.#read(slot)
      if (holder !== null) visit(holder.queue, this.seq)
    }
  }

  /**
   * Calls `visit` for each delivery whose message stands in a segment with a one at its handle in `segments`; the slot
   * serves `move` until one is settled.
   */
  eachIn(segments: Uint8Array, visit: (slot: number, queue: Queue) => void): void {
    const ring = this.#ring
    for (let slot = this.#first; slot < this.#first + this.#count; slot++) {
      if (segments[ring[(slot & this.#mask) * SLOT_WORDS + 1]!] !== 1) continue
      const holder = this.#read(slot)
      if (holder !== null) visit(slot, holder.queue)
    }
  }

  /** The message of a slot stands elsewhere in the log now. */
  move(slot: number, segment: number, offset: number): void {
    const word = (slot & this.#mask) * SLOT_WORDS
    this.#ring[word + 1] = segment
    this.#ring[word + 2] = offset
  }

  /** The slot of a tag that is not settled; the last slot for tag 0 with `multiple`. */
  #lastSlot(tag: number, multiple: boolean): number {
    if (multiple && tag === 0) return this.#first + this.#count - 1
    const slot = this.#find(tag)
    const holder = slot < 0 ? 0 : this.#ring[(slot & this.#mask) * SLOT_WORDS]!
    if (holder === 0 || holder >= HELD) {
      throw new ChannelError('PRECONDITION_FAILED', `unknown delivery tag ${tag}`)
    }
    return slot
  }

  /** Tags have gaps only where auto-ack deliveries lie between: the guess without gaps is tried first. */
  #find(tag: number): number {
    const ahead = tag - this.#firstTag
    if (this.#count === 0 || ahead < 0) return -1
    let low = this.#first
    let high = this.#first + Math.min(ahead, this.#count - 1)
    if (this.#aheadAt(high) === ahead) return high
    while (low <= high) {
      const middle = (low + high) >>> 1
      const found = this.#aheadAt(middle)
      if (found === ahead) return middle
      if (found < ahead) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  /** How far the tag of a slot is above the first one. */
  #aheadAt(slot: number): number {
    return (this.#ring[(slot & this.#mask) * SLOT_WORDS + TAG_WORD]! - this.#firstTag) >>> 0
  }

  #read(slot: number): Holder | null {
    const ring = this.#ring
    const word = (slot & this.#mask) * SLOT_WORDS
    const index = ring[word]! & ~HELD
    if (index === 0) return null
    const holder = this.#holders[index - 1]!
    this.segment = ring[word + 1]!
    this.offset = ring[word + 2]!
    this.seq = wholeSeq(ring[word + 3]!, holder.queue.nextSeq)
    this.sized = ring[word + 4]!
    return holder
  }

  #take(slot: number): Holder | null {
    if (this.#ring[(slot & this.#mask) * SLOT_WORDS]! >= HELD) return null
    const holder = this.#read(slot)
    if (holder === null) return null
    this.#ring[(slot & this.#mask) * SLOT_WORDS] = 0
    this.live--
    holder.unacked--
    return holder
  }

  /** Moves the start over what is settled. */
  #trim(): void {
    const ring = this.#ring
    while (this.#count > 0 && ring[(this.#first & this.#mask) * SLOT_WORDS] === 0) {
      this.#first++
      this.#count--
    }
    if (this.#count > 0) {
      this.#firstTag += this.#aheadAt(this.#first)
      this.#first &= this.#mask
      return
    }
    this.#first = 0
    if (this.#holders.length > 1) {
      this.#holders.length = 0
      this.#holderIndex.clear()
    }
  }

  /** The table of holders starts over when nothing is held, so that it does not grow with every consumer. */
  #indexOf(holder: Holder): number {
    if (holder === this.#holders[0]) return 0
    const known = this.#holderIndex.get(holder)
    if (known !== undefined) return known
    this.#holders.push(holder)
    this.#holderIndex.set(holder, this.#holders.length - 1)
    return this.#holders.length - 1
  }

  /** Slots keep their numbers: a settlement that is under way may deliver, and go on with the next slot. */
  #grow(): void {
    const slots = Math.max(SLOTS_MIN, (this.#mask + 1) * 2)
    const larger = new Uint32Array(slots * SLOT_WORDS)
    for (let i = 0; i < this.#count; i++) {
      const slot = this.#first + i
      const from = (slot & this.#mask) * SLOT_WORDS
      larger.set(this.#ring.subarray(from, from + SLOT_WORDS), (slot & (slots - 1)) * SLOT_WORDS)
    }
    this.#ring = larger
    this.#mask = slots - 1
  }
}

/** A queue never has 2^32 messages between its oldest unsettled one and its newest. */
function wholeSeq(low: number, nextSeq: number): number {
  return nextSeq - (((nextSeq >>> 0) - low) >>> 0)
}
