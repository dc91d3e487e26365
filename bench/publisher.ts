/** Publishes numbered messages as fast as a window allows: pre-built blocks of frames, patched in place, big writes. */
import type { Socket } from 'node:net'
import { type MessageShape, publishBytes, write32 } from './wire.ts'

const BLOCK_BYTES = 64 * 1024
const BLOCKS = 4

/** When to send more: `room()` is how many messages the window still admits. */
export type Pace = { readonly room: () => number; readonly limit: number }

export class Publisher {
  /** Messages handed to the socket so far; also the sequence number of the next one. */
  sent = 0
  readonly #socket: Socket
  readonly #pace: Pace
  readonly #messageBytes: number
  readonly #bodyAt: number
  readonly #perBlock: number
  readonly #free: Buffer[] = []
  #running = false

  constructor(socket: Socket, shape: MessageShape, pace: Pace) {
    this.#socket = socket
    this.#pace = pace
    const { bytes, bodyAt } = publishBytes(shape)
    this.#messageBytes = bytes.length
    this.#bodyAt = bodyAt
    this.#perBlock = Math.max(1, Math.floor(BLOCK_BYTES / bytes.length))
    for (let i = 0; i < BLOCKS; i++) this.#free.push(Buffer.alloc(bytes.length * this.#perBlock, bytes))
  }

  start(): void {
    this.#running = true
    this.pump()
  }

  stop(): void {
    this.#running = false
  }

  get finished(): boolean {
    return this.sent === this.#pace.limit
  }

  /** Sends what window, limit and free blocks admit; call it again whenever one of them may have grown. */
  pump(): void {
    while (this.#running && !this.finished && this.#free.length > 0) {
      const count = Math.min(this.#perBlock, this.#pace.limit - this.sent)
      if (this.#pace.room() < count) return
      this.#write(count, 0, () => this.pump())
    }
  }

  /** Sends `count` messages now, stamped with `time`. Only for a slow pace: it takes at most one block. */
  send(count: number, time: number): void {
    if (this.#free.length > 0) this.#write(Math.min(count, this.#perBlock), time, () => {})
  }

  #write(count: number, time: number, then: () => void): void {
    const block = this.#free.pop()!
    let at = this.#bodyAt
    for (let i = 0; i < count; i++) {
      write32(block, at, this.sent + i)
      if (time > 0) block.writeDoubleBE(time, at + 8)
      at += this.#messageBytes
    }
    this.sent += count
    this.#socket.write(block.subarray(0, count * this.#messageBytes), () => {
      this.#free.push(block)
      then()
    })
  }
}
