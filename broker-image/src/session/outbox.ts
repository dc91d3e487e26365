/**
 * What a connection has to say, gathered during one turn of the event loop and written once at its end.
 *
 * A connection holds a buffer only while it has something to say; buffers come from a pool that all connections share.
 */
import type { Socket } from 'node:net'
import { OUTBOX_BYTES, UNSENT_BYTES_HIGH } from '../limits.ts'
import type { EndOfTurn, Turn } from '../turn.ts'
import { type Viewed, viewed } from '../wire/copier.ts'

/** Buffers that wait for their next use. */
const POOLED_MAX = 64

/** Outbox buffers of one event loop. */
export class OutboxPool {
  readonly #free: Viewed[] = []

  take(): Viewed {
    return this.#free.pop() ?? viewed(Buffer.allocUnsafeSlow(OUTBOX_BYTES))
  }

  give(buffer: Viewed): void {
    if (buffer.bytes.length === OUTBOX_BYTES && this.#free.length < POOLED_MAX) this.#free.push(buffer)
  }
}

const NONE: Viewed = viewed(Buffer.alloc(0))

export class Outbox implements EndOfTurn {
  scheduled = false
  /** Bytes `[0, length)` of `target` wait to be written. Write behind them after `reserve`, then move `length`. */
  target: Viewed = NONE
  length = 0
  /** True while the socket holds more unsent bytes than it should: no deliveries now. */
  congested = false
  sentBytes = 0
  readonly #socket: Socket
  readonly #turn: Turn
  readonly #pool: OutboxPool
  readonly #onDrain: () => void
  readonly #inFlight: (Viewed | null)[] = []

  /** `onDrain` is called when deliveries may go on after `congested`. */
  constructor(socket: Socket, turn: Turn, pool: OutboxPool, onDrain: () => void) {
    this.#socket = socket
    this.#turn = turn
    this.#pool = pool
    this.#onDrain = onDrain
  }

  /** Bytes that the client has yet to take. */
  get unsentBytes(): number {
    return this.#socket.writableLength + this.length
  }

  /** Makes room for `bytes` more behind `length`. */
  reserve(bytes: number): void {
    if (this.length + bytes <= this.target.bytes.length) return
    if (this.length > 0) this.endTurn()
    this.#giveBack(this.target)
    this.target = bytes <= OUTBOX_BYTES ? this.#pool.take() : viewed(Buffer.allocUnsafeSlow(bytes))
  }

  /** Adds bytes that were encoded elsewhere. */
  write(bytes: Buffer): void {
    this.reserve(bytes.length)
    bytes.copy(this.target.bytes, this.length)
    this.length += bytes.length
    this.#turn.flush(this)
  }

  /** Tells that `length` was moved: the bytes go out when the turn ends. */
  written(): void {
    if (!this.scheduled) this.#turn.flush(this)
  }

  /** Hands the bytes to the socket. */
  endTurn(): void {
    if (this.length === 0) return
    const { target, length } = this
    this.length = 0
    this.target = NONE
    this.sentBytes += length
    if (this.#socket.destroyed) {
      this.#giveBack(target)
      return
    }
    this.#socket.write(target.bytes.subarray(0, length), this.#onWritten)
    if (this.#socket.writableLength === 0) {
      this.#inFlight.push(null)
      this.#giveBack(target)
    } else {
      this.#inFlight.push(target)
      if (this.#socket.writableLength > UNSENT_BYTES_HIGH) this.congested = true
    }
  }

  readonly #onWritten = (): void => {
    const written = this.#inFlight.shift()
    if (written != null) this.#giveBack(written)
    if (this.congested && this.#socket.writableLength < UNSENT_BYTES_HIGH / 2) {
      this.congested = false
      this.#onDrain()
    }
  }

  #giveBack(target: Viewed): void {
    if (target !== NONE) this.#pool.give(target)
  }
}
