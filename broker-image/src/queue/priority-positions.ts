/**
 * The ready messages of a queue with priorities, as positions: the highest priority first, within one by sequence
 * number. Each priority that was ever in use has positions of its own, so that a queue pays for what it sees only.
 */
import { DensePositions } from './dense-positions.ts'
import { bodySize, type Message } from './message.ts'
import type { Ready } from './ready.ts'

interface Level {
  readonly priority: number
  readonly positions: DensePositions
}

export class PriorityPositions implements Ready {
  count = 0
  bytes = 0
  seq = 0
  segment = 0
  offset = 0
  sized = 0
  readonly #priorityOf: (segment: number, offset: number) => number
  /** By falling priority; some may be empty. */
  readonly #levels: Level[] = []
  /** Where the message stands that was found last. */
  #found: DensePositions | undefined
  /** Where messages belong that are with consumers: their bytes may be on disk when they come back. */
  readonly #away = new Map<number, DensePositions>()

  /** `priorityOf` answers the priority of a message whose segment is in memory. */
  constructor(priorityOf: (segment: number, offset: number) => number) {
    this.#priorityOf = priorityOf
  }

  put(seq: number, segment: number, offset: number, sized: number): void {
    const known = this.#away.get(seq)
    const positions = known ?? this.#level(this.#priorityOf(segment, offset))
    if (known !== undefined) this.#away.delete(seq)
    positions.put(seq, segment, offset, sized)
    this.count++
    this.bytes += bodySize(sized)
  }

  /** A message goes to a consumer at once, and may come back. */
  passed({ seq, segment, offset }: Message): void {
    this.#away.set(seq, this.#level(this.#priorityOf(segment, offset)))
  }

  /** A message that left does not come back. */
  forget(seq: number): void {
    this.#away.delete(seq)
  }

  peek(): boolean {
    return this.#see(this.#levels.find(({ positions }) => positions.count > 0))
  }

  /** The first message of the lowest priority. */
  peekLeast(): boolean {
    return this.#see(this.#levels.findLast(({ positions }) => positions.count > 0))
  }

  shift(): void {
    this.#found!.shift()
    this.#left(this.#found!)
  }

  take(seq: number): boolean {
    for (const { positions } of this.#levels) {
      if (!positions.take(seq)) continue
      this.#show(positions)
      this.#left(positions)
      return true
    }
    return false
  }

  find(seq: number): boolean {
    const level = this.#levels.find(({ positions }) => positions.find(seq))
    if (level !== undefined) this.#show(level.positions)
    return level !== undefined
  }

  move(seq: number, segment: number, offset: number): void {
    const level = this.#levels.find(({ positions }) => positions.find(seq))
    if (level === undefined) throw new Error(`message ${seq} is moved and not here`)
    level.positions.move(seq, segment, offset)
  }

  each(visit: () => void): void {
    for (const { positions } of this.#levels) {
      positions.each(() => {
        this.#show(positions)
        visit()
      })
    }
  }

  eachRun(visit: (firstSeq: number, count: number) => void): void {
    for (const { positions } of this.#levels) positions.eachRun(visit)
  }

  clear(): void {
    for (const { positions } of this.#levels) positions.clear()
    this.count = 0
    this.bytes = 0
  }

  #level(priority: number): DensePositions {
    const at = this.#levels.findIndex(level => level.priority <= priority)
    if (this.#levels[at]?.priority === priority) return this.#levels[at].positions
    const positions = new DensePositions()
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, { priority, positions })
    return positions
  }

  #see(level: Level | undefined): boolean {
    if (level === undefined) return false
    this.#found = level.positions
    level.positions.peek()
    this.#show(level.positions)
    return true
  }

  #show(positions: DensePositions): void {
    this.seq = positions.seq
    this.segment = positions.segment
    this.offset = positions.offset
    this.sized = positions.sized
  }

  #left(positions: DensePositions): void {
    this.#away.set(this.seq, positions)
    this.count--
    this.bytes -= bodySize(this.sized)
  }
}
