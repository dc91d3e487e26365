/** Counts deliveries and confirms, and checks that none is missing, doubled or out of order. */
import type { Sink } from './socket.ts'
import { read32 } from './wire.ts'

/** Takes the deliveries of one consumer in order of their sequence number, from 0. */
export class DeliveryCounter implements Sink {
  received = 0
  #tags = 0
  readonly #bodyBytes: number
  readonly #afterRead: () => void
  readonly #latency: ((sentAt: number) => void) | undefined

  /** `latency`, if given, gets the time stamp of every body. */
  constructor(bodyBytes: number, afterRead: () => void, latency?: (sentAt: number) => void) {
    this.#bodyBytes = bodyBytes
    this.#afterRead = afterRead
    this.#latency = latency
  }

  delivery(tag: number): void {
    this.#tags++
    if (tag !== this.#tags) throw new Error(`delivery tag ${tag} where ${this.#tags} was due`)
  }

  body(bytes: Buffer, from: number, to: number): void {
    if (to - from !== this.#bodyBytes) throw new Error(`a body of ${to - from} bytes`)
    const sequence = read32(bytes, from)
    if (sequence !== this.received) throw new Error(`message ${sequence} where ${this.received} was due`)
    this.received++
    if (this.#latency !== undefined) this.#latency(bytes.readDoubleBE(from + 8))
  }

  confirm(): void {
    throw new Error('a confirm on the connection of the consumer')
  }

  endOfRead(): void {
    this.#afterRead()
  }
}

/**
 * Takes the deliveries of several consumers of one channel. Messages come in order within a consumer's lane: `lanes` a
 * consumer, the lane standing in the body.
 */
export class LaneCounter implements Sink {
  received = 0
  readonly #bodyBytes: number
  readonly #lanes: number
  readonly #due: Uint32Array
  readonly #afterRead: () => void
  #consumer = 0

  constructor(of: { bodyBytes: number; consumers: number; lanes: number }, afterRead: () => void) {
    this.#bodyBytes = of.bodyBytes
    this.#lanes = of.lanes
    this.#due = new Uint32Array(of.consumers * of.lanes)
    this.#afterRead = afterRead
  }

  delivery(tag: number, consumer: number): void {
    if (tag !== this.received + 1) throw new Error(`delivery tag ${tag} where ${this.received + 1} was due`)
    this.#consumer = consumer
  }

  body(bytes: Buffer, from: number, to: number): void {
    if (to - from !== this.#bodyBytes) throw new Error(`a body of ${to - from} bytes`)
    const lane = this.#consumer * this.#lanes + read32(bytes, from + 4)
    const sequence = read32(bytes, from)
    const due = this.#due[lane]
    if (sequence !== due) throw new Error(`message ${sequence} where ${due} was due, lane ${lane}`)
    this.#due[lane] = due + 1
    this.received++
  }

  confirm(): void {
    throw new Error('a confirm on the connection of the consumer')
  }

  endOfRead(): void {
    this.#afterRead()
  }
}

/** Counts confirms; singles may come in any order, as RabbitMQ sends them. */
export class ConfirmCounter implements Sink {
  confirmed = 0
  /** The lowest tag that is not confirmed. */
  #base = 1
  readonly #single: Uint8Array
  readonly #afterRead: () => void

  /** `window` bounds how many messages are unconfirmed at a time; a power of two. */
  constructor(window: number, afterRead: () => void) {
    this.#single = new Uint8Array(window)
    this.#afterRead = afterRead
  }

  confirm(tag: number, multiple: boolean): void {
    const mask = this.#single.length - 1
    if (tag < this.#base || tag - this.#base > mask)
      throw new Error(`confirm of ${tag}, unconfirmed from ${this.#base}`)
    if (multiple) {
      for (; this.#base <= tag; this.#base++) this.#settle(this.#base & mask)
    } else {
      if (this.#single[tag & mask] === 1) throw new Error(`message ${tag} confirmed twice`)
      this.#single[tag & mask] = 1
      this.confirmed++
    }
    for (; this.#single[this.#base & mask] === 1; this.#base++) this.#single[this.#base & mask] = 0
  }

  #settle(slot: number): void {
    if (this.#single[slot] === 0) this.confirmed++
    this.#single[slot] = 0
  }

  delivery(): void {
    throw new Error('a delivery on the connection of the publisher')
  }

  body(): void {
    throw new Error('a body on the connection of the publisher')
  }

  endOfRead(): void {
    this.#afterRead()
  }
}
