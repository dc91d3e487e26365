/**
 * Publisher confirms of one channel [RabbitMQ `confirm.select`]: which publishes are safe, told in order and in lots.
 *
 * A lot is a run of publishes that become safe with the same batch of the log; batch 0 is safe at once. There is one
 * lot a group commit, not one a message.
 */
import type { EndOfTurn, Turn } from '../turn.ts'

interface Lot {
  /** Publishes up to this number, from where the lot before ends. */
  upTo: number
  /** The batch of the log that must be stable; 0 = none. */
  batch: number
  /** The single publish `upTo` was refused. */
  refused: boolean
}

/** Sends `basic.ack` or, for a refusal, `basic.nack`. */
export type SendConfirm = (tag: number, multiple: boolean, refused: boolean) => void

export class Confirms implements EndOfTurn {
  scheduled = false
  /** Number of the last publish on the channel, from 1. */
  lastTag = 0
  /** Publishes up to here have been answered. */
  confirmedTag = 0
  readonly #lots: Lot[] = []
  readonly #turn: Turn
  readonly #send: SendConfirm

  constructor(turn: Turn, send: SendConfirm) {
    this.#turn = turn
    this.#send = send
  }

  /** Publishes that were not answered yet. */
  get waiting(): number {
    return this.lastTag - this.confirmedTag
  }

  /** Counts one publish, which is safe once `batch` is stable. True when it is the first to wait for the log. */
  published(batch: number): boolean {
    const tag = ++this.lastTag
    const last = this.#lots[this.#lots.length - 1]
    if (last !== undefined && !last.refused && (batch === 0 || batch === last.batch)) {
      last.upTo = tag
      return false
    }
    this.#lots.push({ upTo: tag, batch, refused: false })
    if (batch !== 0) return true
    if (this.#lots.length === 1) this.#turn.confirm(this)
    return false
  }

  /** Counts one publish that a queue refused. */
  refused(): void {
    this.#lots.push({ upTo: ++this.lastTag, batch: 0, refused: true })
    this.#turn.confirm(this)
  }

  /** Answers what waits for no log. */
  endTurn(): void {
    this.stable(0)
  }

  /** Answers everything that was safe with this batch; lots leave in order. True when others still wait. */
  stable(batch: number): boolean {
    let upTo = this.confirmedTag
    let done = 0
    for (const lot of this.#lots) {
      if (lot.batch > batch) break
      done++
      if (lot.refused) {
        this.#acknowledge(lot.upTo - 1)
        this.confirmedTag = lot.upTo
        this.#send(lot.upTo, false, true)
      }
      upTo = lot.upTo
    }
    if (done > 0) this.#lots.splice(0, done)
    this.#acknowledge(upTo)
    return this.#lots.length > 0
  }

  #acknowledge(upTo: number): void {
    const count = upTo - this.confirmedTag
    if (count <= 0) return
    this.confirmedTag = upTo
    this.#send(upTo, count > 1, false)
  }
}
