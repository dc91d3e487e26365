/**
 * A queue: ready messages in order, the consumers that take them, and the rules by which messages leave without one.
 *
 * Ways of a message: `enqueue` → (a consumer that waits | ready) → `pump` → unacknowledged → `acknowledge`, `requeue`
 * or `discard`. The log holds the bytes; everything here is positions. Nothing here awaits.
 */
import type { Arguments, QueueDefinition } from '../definitions/model.ts'
import type { EndOfTurn } from '../turn.ts'
import { Aside } from './aside.ts'
import { Burial, isFull, isOverfull } from './burial.ts'
import { type Consumer, Consumers } from './consumers.ts'
import { fetchSegment, type QueueContext, type QueueOwner } from './context.ts'
import { QueueCounters } from './counters.ts'
import { Deadlines } from './deadlines.ts'
import { Idle } from './idle.ts'
import type { Arrival } from './intake.ts'
import { type KeyIndex, keyIndexOf } from './key-index.ts'
import { bodySize, isRedelivered, type Message, positionOf, REDELIVERED_BIT, SETTLED } from './message.ts'
import { Positions } from './positions.ts'
import type { PriorityPositions } from './priority-positions.ts'
import { priorityPositions, type Ready } from './ready.ts'
import { ReturnCounts } from './return-counts.ts'
import { Sequence } from './sequence.ts'
import { type QueueSettings, queueSettings } from './settings.ts'
import { WaitingDead } from './waiting-dead.ts'

const NO_POLICY: Arguments = {}

export class Queue implements EndOfTurn {
  readonly vhost: string
  readonly name: string
  readonly id: number
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly exclusive: boolean
  readonly arguments: Arguments
  readonly owner: QueueOwner | null
  readonly consumers: Consumers
  readonly counters = new QueueCounters()
  /** Name of the policy in force, if any, and what it says. */
  policyName: string | undefined
  operatorPolicyName: string | undefined
  effectivePolicy: Arguments = NO_POLICY
  settings: QueueSettings
  deleted = false
  scheduled = false
  messagesUnacknowledged = 0
  bytesUnacknowledged = 0
  readonly idle: Idle
  /** Told of messages whose time is up, where they do not just die. */
  onDue: ((seqs: Iterable<number>) => void) | undefined

  readonly aside = new Aside()
  /** Others look, and a cleaner of the log moves; only this queue adds and takes. */
  readonly ready: Ready
  readonly sequence = new Sequence()
  /** How often messages came back. */
  readonly returns = new ReturnCounts()
  /** Messages that are dead, and that no other queue has yet. */
  readonly dead: WaitingDead
  /** What is here, by which duplicates are dropped; null: every message is taken. */
  readonly keys: KeyIndex | null
  readonly #priorities: PriorityPositions | null
  readonly #context: QueueContext
  readonly #burial: Burial
  /** Made for the first message that has a deadline. */
  #deadlines: Deadlines | undefined
  #fetching = false

  constructor(definition: QueueDefinition, owner: QueueOwner | null, context: QueueContext) {
    this.vhost = definition.vhost
    this.name = definition.name
    this.id = definition.id
    this.durable = definition.durable
    this.autoDelete = definition.autoDelete
    this.exclusive = definition.exclusive
    this.arguments = definition.arguments
    this.owner = owner
    this.consumers = new Consumers(definition.arguments['x-single-active-consumer'] === true)
    this.settings = queueSettings(definition.arguments, NO_POLICY)
    this.idle = new Idle(this, context)
    this.keys = keyIndexOf(definition.arguments, context)
    this.#context = context
    this.#priorities = priorityPositions(definition.arguments, context.segments)
    this.ready = this.#priorities ?? new Positions()
    this.#burial = new Burial(this, context)
    this.dead = new WaitingDead(this, context)
    owner?.exclusiveQueues.add(this)
    this.touch()
  }

  get messagesReady(): number {
    return this.ready.count
  }

  get bytesReady(): number {
    return this.ready.bytes
  }

  /** Puts a policy in force (undefined = none) on what comes; `enforceLimits` then on what is here. */
  applyPolicy(name: string | undefined, definition: Arguments): void {
    this.policyName = name
    this.effectivePolicy = definition
    this.settings = queueSettings(this.arguments, definition)
    this.dead.settingsChanged()
    this.touch()
  }

  /** Whether a publish with a body of `bytes` is refused now (`overflow: reject-publish`). */
  refuses(bytes: number): boolean {
    return this.settings.overflow !== 'drop-head' && isFull(this, bytes)
  }

  /** A publish that the queue refuses is dead-lettered all the same where its overflow says so. */
  refuse(arrival: Arrival): void {
    if (this.settings.overflow !== 'reject-publish-dlx' || this.settings.deadLetterExchange === undefined) return
    this.#context.deadLetter(this, arrival, 'maxlen', () => {})
  }

  /** When a message that arrives now expires, in milliseconds since 1970; 0 = never. */
  deadlineMs(messageTtlMs: number): number {
    const ttlMs = Math.min(messageTtlMs, this.settings.messageTtlMs)
    return ttlMs === Number.POSITIVE_INFINITY ? 0 : this.#context.clock.now() + ttlMs
  }

  /** The consumer for a message that need not touch the log; null when it must queue, or be acknowledged. */
  passTo(): Consumer | null {
    return this.ready.count === 0 && this.consumers.areAllAutoAck ? this.consumers.next() : null
  }

  /**
   * Takes in a message that was just appended to the log. `deadlineMs` 0 = lives for ever. Call `enforceLimits` once
   * all queues of the message have it: a dead letter may enter queues on its own way in.
   */
  enqueue(message: Message, deadlineMs: number): void {
    this.counters.published++
    if (this.keys !== null) this.keys.add(message)
    if (deadlineMs > 0) this.#deadlines ??= this.#newDeadlines()
    if (this.ready.count === 0 && this.#deliverNew(message)) return
    this.ready.put(message.seq, message.segment, message.offset, message.sized)
    if (deadlineMs > 0) this.#deadlines!.add(deadlineMs, message.seq)
    this.#context.turn.pump(this)
  }

  /** Delivers while there are messages and somebody to take them. */
  endTurn(): void {
    while (this.ready.count > 0) {
      const consumer = this.consumers.next()
      if (consumer === null || !this.#deliverHead(consumer)) break
    }
    this.dead.madeRoom()
  }

  /** Lets go of messages while there are more than the queue may hold: the first ones, of the lowest priority. */
  enforceLimits(): void {
    if (!isOverfull(this)) return
    this.endTurn()
    if (this.settings.overflow === 'drop-head') this.#burial.buryExcess()
  }

  /** Asks for a pump at the end of the turn: a consumer came, or can take again. */
  wake(): void {
    if (this.ready.count > 0) this.#context.turn.pump(this)
  }

  /**
   * Takes the first message for `basic.get` and hands it to `send`; the caller settles it later unless `noAck`.
   * `send` is called at once, or when the bytes are back from disk; with null when the queue is empty, its first message
   * can't be read, or the asker is gone by then.
   */
  get(
    noAck: boolean,
    send: (bytes: Buffer | null, message: Message) => void,
    isGone: () => boolean = () => false,
  ): void {
    this.touch()
    if (this.deleted || isGone() || !this.ready.peek()) {
      this.counters.gotEmpty++
      send(null, this.ready)
      return
    }
    const bytes = this.#context.segments.bytes(this.ready.segment)
    if (bytes === null) {
      const again = (): void => this.get(noAck, send, isGone)
      fetchSegment(this.#context, this.ready.segment, again, () => send(null, this.ready))
      return
    }
    this.ready.shift()
    if (noAck) this.counters.gotNoAck++
    else this.counters.got++
    this.#markRecovered()
    send(bytes, this.ready)
    if (noAck) this.#burial.settle(this.ready, SETTLED.acknowledged)
    else this.#hold(this.ready.sized, 1)
    this.dead.madeRoom()
  }

  /** Accounts for acknowledged messages of one segment; the caller has written the settlement with `settleRange`. */
  acknowledged(segment: number, count: number, bytes: number): void {
    this.messagesUnacknowledged -= count
    this.bytesUnacknowledged -= bytes
    this.counters.acknowledged += count
    this.#context.segments.release(segment, count, bytes)
  }

  /** Writes that a run of messages is settled. Only messages of the durable log need it. */
  settleRange(firstSeq: number, count: number): void {
    if (!this.deleted) this.#context.log.appendSettle(this.id, firstSeq, count, SETTLED.acknowledged)
  }

  /** Puts an unacknowledged message back in its place, unless it has come back too often. */
  requeue(message: Message): void {
    this.#hold(message.sized, -1)
    const { log, segments, turn } = this.#context
    if (this.deleted) {
      segments.release(message.segment, 1, bodySize(message.sized))
      return
    }
    if (!this.returns.admit(message, this, log)) {
      this.#burial.bury(positionOf(message), 'delivery_limit')
      return
    }
    this.ready.put(message.seq, message.segment, message.offset, (message.sized | REDELIVERED_BIT) >>> 0)
    this.#deadlines?.restore(this.#context, this.id, message)
    turn.pump(this)
    this.enforceLimits()
  }

  /** Whether `forget` must hear of messages that leave. */
  get remembers(): boolean {
    return this.returns.isUsed || this.#priorities !== null || this.keys !== null
  }

  /** The message with this sequence number is settled. */
  forget(seq: number): void {
    this.returns.forget(seq)
    this.#priorities?.forget(seq)
    this.keys?.forget(seq)
  }

  /** Ends a message that is ready. `why` is one of SETTLED. */
  remove(seq: number, why: number): void {
    if (this.ready.take(seq)) this.#burial.settle(this.ready, why)
  }

  /** Ends an unacknowledged message that its consumer does not want. */
  discard(message: Message): void {
    this.#hold(message.sized, -1)
    if (this.deleted) this.#context.segments.release(message.segment, 1, bodySize(message.sized))
    else this.#burial.bury(positionOf(message), 'rejected')
  }

  addConsumer(consumer: Consumer): void {
    this.consumers.add(consumer)
    this.touch()
    this.wake()
  }

  /** The last consumer of an auto-delete queue takes the queue with it. */
  removeConsumer(consumer: Consumer): void {
    if (!this.consumers.remove(consumer)) return
    this.touch()
    if (this.autoDelete && this.consumers.count === 0 && !this.deleted) this.#context.deleteQueue(this)
    else this.wake()
  }

  /** Removes the messages that are ready; answers how many. */
  purge(): number {
    const count = this.ready.count
    this.#burial.settleReady(this.ready, SETTLED.purged)
    this.dead.madeRoom()
    return count
  }

  /** Ends the queue: forgets its messages and tells its consumers. Answers how many messages were ready. */
  delete(): number {
    this.deleted = true
    this.owner?.exclusiveQueues.delete(this)
    this.#context.retiredCounters.add(this.counters)
    const { count } = this.ready
    this.#burial.release(this.ready)
    this.dead.end()
    this.#deadlines?.stop()
    this.idle.stop()
    if (this.durable) this.#context.log.appendQueueDelete(this.id)
    this.consumers.cancelAll()
    return count
  }

  /** Marks the queue as used now: `x-expires` counts from here. */
  touch(): void {
    this.idle.touch()
  }

  /** Takes in a message that recovery found in the log. */
  recoverEnqueue(message: Message, deadlineMs: number): void {
    this.ready.put(message.seq, message.segment, message.offset, message.sized)
    this.keys?.add(message)
    if (deadlineMs > 0) {
      this.#deadlines ??= this.#newDeadlines()
      this.#deadlines.add(deadlineMs, message.seq)
    }
    this.sequence.recover(message.seq + 1)
  }

  /** The sequence number that the next message gets. */
  get nextSeq(): number {
    return this.sequence.next
  }

  /** Calls `visit` for each run of messages that no channel holds. */
  eachRun(visit: (firstSeq: number, count: number) => void): void {
    this.ready.eachRun(visit)
    this.dead.eachRun(visit)
    this.aside.eachRun(visit)
  }

  /** A message that meets a waiting consumer never becomes ready. False when nobody takes it. */
  #deliverNew(message: Message): boolean {
    const consumer = this.consumers.next()
    const bytes = consumer === null ? null : this.#context.segments.bytes(message.segment)
    if (consumer === null || bytes === null) return false
    if (this.#priorities !== null) this.#priorities.passed(message)
    this.#deliver(consumer, bytes, message)
    return true
  }

  /** False when the bytes must come from disk first; the queue pumps again once they are here. */
  #deliverHead(consumer: Consumer): boolean {
    const ready = this.ready
    ready.peek()
    const bytes = this.#context.segments.bytes(ready.segment)
    if (bytes === null) {
      this.#fetchHead(ready.segment)
      return false
    }
    ready.shift()
    this.#markRecovered()
    if (isRedelivered(ready.sized)) this.counters.redelivered++
    this.#deliver(consumer, bytes, ready)
    return true
  }

  #deliver(consumer: Consumer, bytes: Buffer, message: Message): void {
    consumer.deliver(bytes, message)
    if (consumer.noAck) {
      this.counters.deliveredNoAck++
      this.#burial.settle(message, SETTLED.acknowledged)
    } else {
      this.counters.delivered++
      this.#hold(message.sized, 1)
    }
  }

  #markRecovered(): void {
    if (this.sequence.isRecovered(this.ready.seq)) this.ready.sized = (this.ready.sized | REDELIVERED_BIT) >>> 0
  }

  #fetchHead(segment: number): void {
    if (this.#fetching) return
    this.#fetching = true
    fetchSegment(this.#context, segment, () => {
      this.#fetching = false
      this.wake()
    })
  }

  #hold(sized: number, by: 1 | -1): void {
    this.messagesUnacknowledged += by
    this.bytesUnacknowledged += by * bodySize(sized)
  }

  #newDeadlines(): Deadlines {
    return new Deadlines(this.#context.clock, seqs =>
      this.onDue === undefined ? this.#expire(seqs) : this.onDue(seqs),
    )
  }

  #expire(seqs: Iterable<number>): void {
    for (const seq of seqs) if (this.ready.take(seq)) this.#burial.bury(positionOf(this.ready), 'expired')
    this.dead.madeRoom()
    this.#context.turn.wake()
  }
}
