/**
 * Messages of a queue that somebody holds over HTTP, and which so are neither ready nor with a channel. The cleaner of
 * the log finds and moves them here. Most queues never have one, and then this costs nothing.
 */
import type { Position } from './message.ts'

export class Aside {
  #positions: Map<number, Position> | undefined

  get size(): number {
    return this.#positions?.size ?? 0
  }

  /** The position of message `seq`, undefined if it is not here. Whoever moves the message changes it. */
  get(seq: number): Position | undefined {
    return this.#positions?.get(seq)
  }

  add(position: Position): void {
    this.#positions ??= new Map()
    this.#positions.set(position.seq, position)
  }

  delete(seq: number): void {
    this.#positions?.delete(seq)
  }

  /** Calls `visit` for each message, as a run of one. */
  eachRun(visit: (firstSeq: number, count: number) => void): void {
    for (const seq of this.#positions?.keys() ?? []) visit(seq, 1)
  }
}
