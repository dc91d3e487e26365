/**
 * Dead messages of a queue that are on their way to no other queue yet, and can't be delivered again.
 *
 * Some are to be read back from disk first: they go one segment after another, however many died at once. Some wait for
 * room on a full disk; no log tells of them, and after a crash they die again. Others wait in a queue with
 * `dead-letter-strategy: at-least-once`, since there is no exchange, no route, or a queue of the route is full: all are
 * tried again when routes or settings change, when a full queue has room, after a start, and from time to time.
 */
import type { Timer } from '../clock.ts'
import type { EndOfTurn } from '../turn.ts'
import { fetchSegment, type QueueContext } from './context.ts'
import {
  bodySize,
  type DeathReason,
  deathMark,
  isPersistent,
  type Message,
  type Position,
  positionOf,
  reasonOf,
  settledBy,
  sizedDead,
} from './message.ts'
import { waitsForDisk } from './pace.ts'
import { Positions } from './positions.ts'
import type { Queue } from './queue.ts'
import type { Ready } from './ready.ts'
import { keepsDeadProblem } from './settings.ts'
import { type WireBytes, wireOf } from './wire-bytes.ts'

/** Time after which dead letters that wait are tried again though nothing is known to have changed. */
const RETRY_MS = 30_000
/** Messages that are tried in one turn of the event loop. */
const TRIED_MAX = 1_000
/** Failures after which the others wait for the next time: as many as RabbitMQ has under way. */
const FAILED_MAX = 32

export class WaitingDead implements EndOfTurn {
  scheduled = false
  readonly queue: Queue
  readonly #context: QueueContext
  /** Made for the first message that waits. */
  #positions: Positions | undefined
  /** Dead letters of other queues that this queue had no room for. */
  #others: Set<WaitingDead> | undefined
  /** Where the next try begins: those that failed are behind it. */
  #nextSeq = 0
  /** Messages that are still to be tried this time, and how many failed. */
  #left = 0
  #failed = 0
  /** Bytes come from disk, or the disk is behind: then it goes on by itself. */
  #isHeld = false
  #timer: Timer | undefined
  #problem: string | undefined

  constructor(queue: Queue, context: QueueContext) {
    this.queue = queue
    this.#context = context
  }

  get count(): number {
    return this.#positions?.count ?? 0
  }

  /** Sum of the body sizes. */
  get bytes(): number {
    return this.#positions?.bytes ?? 0
  }

  /** Takes in a message that died and could not go. Where it may be lost, the log need not know. */
  add(message: Message, reason: DeathReason): void {
    const { id, settings } = this.queue
    if (settings.keepsDead && isPersistent(message.sized)) {
      this.#context.log.appendReturn(id, message.seq, deathMark(reason))
    }
    this.put(message, reason)
    this.#arm()
  }

  /** The same, for one that the log tells of. */
  put({ seq, segment, offset, sized }: Message, reason: DeathReason): void {
    this.#positions ??= new Positions()
    this.#positions.put(seq, segment, offset, sizedDead(sized, reason))
    this.#context.waitingDead.add(this)
  }

  /** Finds a message of the queue, ready or dead; undefined when a channel has it, or nobody. */
  placeOf(seq: number): Ready | undefined {
    if (this.queue.ready.find(seq)) return this.queue.ready
    return this.#positions?.find(seq) ? this.#positions : undefined
  }

  /** Something changed: tries all again at the end of the turn. */
  wake(): void {
    if (this.count === 0) return
    this.#left = this.count
    this.#failed = 0
    this.#context.turn.pump(this)
  }

  /** All is recovered: what is too much for the queue goes now, and what waits is tried. */
  recovered(): void {
    this.queue.enforceLimits()
    this.wake()
  }

  /** The queue's settings are others now: tells if they can't be kept. */
  settingsChanged(): void {
    const { name, arguments: args, effectivePolicy } = this.queue
    const problem = keepsDeadProblem(args, effectivePolicy)
    if (problem !== undefined && problem !== this.#problem) {
      this.#context.logger.warn(`dead letters of queue '${name}' go at most once: ${problem}`)
    }
    this.#problem = problem
    this.wake()
  }

  /** `other` is woken when this queue has room again. */
  tellOfRoom(other: WaitingDead): void {
    this.#others ??= new Set()
    this.#others.add(other)
  }

  /** Messages left the queue: who waits for room is woken if there is some. */
  madeRoom(): void {
    if (this.#others !== undefined && !this.queue.refuses(0)) this.#wakeOthers()
  }

  /** Tries as many as one turn may. */
  endTurn(): void {
    for (let tries = 0; !this.#isHeld && !this.queue.deleted && this.#isTrying(); tries++) {
      if (tries === TRIED_MAX) setImmediate(() => this.#context.turn.pump(this))
      else if (waitsForDisk(this.#context, () => this.#goOn())) this.#isHeld = true
      else if (this.#tryNext()) continue
      return
    }
    this.#arm()
  }

  /** Calls `visit` with runs of sequence numbers, rising. */
  eachRun(visit: (firstSeq: number, count: number) => void): void {
    this.#positions?.eachRun(visit)
  }

  /** As a checkpoint holds them, like delivery counts: seq, mark, seq, mark, … Elsewhere they live again, and die again. */
  flat(): number[] {
    const flat: number[] = []
    const positions = this.queue.settings.keepsDead ? this.#positions : undefined
    positions?.each(() => flat.push(positions.seq, deathMark(reasonOf(positions.sized))))
    return flat
  }

  /** The queue is gone. */
  end(): void {
    const positions = this.#positions
    const { segments, waitingDead } = this.#context
    positions?.each(() => segments.release(positions.segment, 1, bodySize(positions.sized)))
    positions?.clear()
    waitingDead.delete(this)
    this.#timer?.cancel()
    this.#wakeOthers()
  }

  #wakeOthers(): void {
    const others = this.#others
    this.#others = undefined
    for (const other of others ?? []) other.wake()
  }

  #isTrying(): boolean {
    return this.#left > 0 && this.#failed < FAILED_MAX && this.count > 0
  }

  #goOn(): void {
    this.#isHeld = false
    this.#context.turn.pump(this)
  }

  /** False when its bytes must come from disk first, or wait for room there. */
  #tryNext(): boolean {
    const positions = this.#positions!
    // From the first on again when the last was reached.
    if (!positions.findFrom(this.#nextSeq)) positions.peek()
    const message = positionOf(positions)
    const bytes = this.#context.segments.bytes(message.segment)
    const wire = bytes === null ? null : wireOf(bytes, message)
    if (this.#waitsForRoom(message, wire)) return false
    if (wire === null) {
      this.#isHeld = true
      const goOn = (): void => this.#goOn()
      fetchSegment(this.#context, message.segment, goOn, () => this.#passOver(message))
      return false
    }
    this.#left--
    this.#nextSeq = message.seq + 1
    // Out of its queue while it is tried: the queue that it goes to may be this one.
    positions.take(message.seq)
    const reason = reasonOf(message.sized)
    const settle = (): void => this.#settle(message, settledBy(reason))
    if (this.#context.deadLetter(this.queue, wire, reason, settle)) return true
    if (this.queue.settings.keepsDead) {
      this.#failed++
      positions.put(message.seq, message.segment, message.offset, message.sized)
    } else settle()
    return true
  }

  /**
   * True while the disk has no room for its dead letter; then it goes on by itself. One from a queue that no disk keeps
   * may go to a queue that is kept, so all wait.
   */
  #waitsForRoom({ sized }: Position, wire: WireBytes | null): boolean {
    const bytes = wire === null ? bodySize(sized) : wire.end - wire.start
    if (!waitsForDisk(this.#context, () => this.#goOn(), bytes)) return false
    this.#isHeld = true
    return true
  }

  /** Its bytes can't be read: it waits for the next time, and others go on. */
  #passOver({ seq }: Position): void {
    this.#left--
    this.#failed++
    this.#nextSeq = seq + 1
    this.#goOn()
  }

  #settle({ seq, sized, segment }: Position, why: number): void {
    if (isPersistent(sized)) this.#context.log.appendSettle(this.queue.id, seq, 1, why)
    this.#context.segments.release(segment, 1, bodySize(sized))
    // Lets go of what the head has left.
    if (!this.#positions!.peek()) this.#context.waitingDead.delete(this)
    this.madeRoom()
  }

  #arm(): void {
    if (this.#timer !== undefined || this.count === 0 || this.queue.deleted) return
    this.#timer = this.#context.clock.after(RETRY_MS, () => {
      this.#timer = undefined
      this.wake()
    })
  }
}
