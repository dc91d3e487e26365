/**
 * What a broker may do, by what its clients sent and heard. Everything is told to the model when it is sent, in order;
 * what is heard is gathered over a step (a burst of commands, then quiet) and judged at its end.
 *
 * Two counts rule what a crash may undo: every event has a number, and `proven` is the highest number of a publish
 * whose confirm proves that the log is durable up to there. What is not proven is doubtful after a crash.
 */

import { applyLimits, type Burial, die } from './model-deaths.ts'
import {
  DOUBT,
  type Entry,
  isHere,
  isLogged,
  keeping,
  keyOf,
  ModelQueue,
  mayRefuse,
  type QueueSettings,
  requireRising,
  settingsOf,
  unite,
} from './model-queue.ts'
import { type Binding, routesTo } from './model-routing.ts'
import { Violation } from './violation.ts'

export interface Message {
  readonly exchange: string
  readonly routingKey: string
  readonly persistent: boolean
  readonly size: number
  /** Infinity = none. */
  readonly ttlMs: number
}

/** A publish whose confirm has not come. */
export interface Publish {
  readonly id: number
  readonly at: number
  readonly targets: readonly Entry[]
  /** Its confirm means that the log is durable up to here. */
  readonly proves: boolean
  readonly mayBeRefused: boolean
}

export interface Delivery {
  readonly queue: ModelQueue
  readonly key: string
  readonly flagged: boolean
  /** The consumer, or the channel of a `basic.get`: what one of them hears is in order. */
  readonly by: object
  /** Takes note of a message that must be settled; null when it is settled by being sent. */
  readonly hold: ((entry: Entry) => void) | null
}

type Derived =
  | 'returns'
  | 'key'
  | 'expiredMs'
  | 'state'
  | 'holder'
  | 'goneAt'
  | 'droppedEpoch'
  | 'enteredStep'
  | 'returnedStep'
  | 'isLeaving'
export type NewEntry = Omit<Entry, Derived>

export interface Policy {
  readonly pattern: RegExp
  readonly definition: Readonly<Record<string, string | number>>
}

export class Model {
  readonly queues = new Map<string, ModelQueue>()
  readonly deleting = new Set<ModelQueue>()
  readonly bindings = new Set<Binding>()
  policy: Policy | null = null
  step = 0
  at = 0
  proven = 0
  /** Something died since all was at rest: its dead letters may be on their way. */
  isBurying = false
  /** Deaths at hand. */
  readonly burials: Burial[] = []
  /** The step in which all was last at rest. */
  restStep = 0
  /** Begins anew when all is at rest, or when dead letters would go elsewhere. */
  epoch = 0
  nowMs: number
  /** Queues that in this step said to be empty. */
  readonly saidEmpty = new Set<ModelQueue>()
  #nextId = 1
  #nextPosition = 1
  #deliveries: Delivery[] = []

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  /** All queues that a crash may bring back. */
  *known(): Iterable<ModelQueue> {
    yield* this.queues.values()
    yield* this.deleting
  }

  /** Messages in all queues, doubtful ones included. */
  get size(): number {
    return [...this.queues.values()].reduce((sum, { live }) => sum + live.size, 0)
  }

  isFree(name: string): boolean {
    return ![...this.known()].some(queue => queue.name === name)
  }

  declare(name: string, durable: boolean, args: Readonly<Record<string, string | number | boolean>>): ModelQueue {
    this.at++
    this.epoch++
    const queue = new ModelQueue(name, durable, { args, settings: this.settingsFor(name, args) })
    this.queues.set(name, queue)
    return queue
  }

  settingsFor(name: string, args: Readonly<Record<string, unknown>>): QueueSettings {
    const matches = this.policy?.pattern.test(name) ?? false
    return settingsOf(args, matches ? this.policy!.definition : {})
  }

  setPolicy(policy: Policy | null): void {
    this.at++
    this.epoch++
    this.policy = policy
    for (const queue of this.queues.values()) {
      queue.settings = this.settingsFor(queue.name, queue.arguments)
    }
    for (const queue of this.queues.values()) applyLimits(this, queue)
  }

  delete(queue: ModelQueue): void {
    this.at++
    this.epoch++
    this.queues.delete(queue.name)
    this.deleting.add(queue)
    queue.isDeleting = true
    for (const entry of queue.ready) entry.isLeaving = true
  }

  /** It will not come back. */
  deleted(queue: ModelQueue): void {
    this.deleting.delete(queue)
    for (const binding of this.bindings) if (binding.queue === queue) this.bindings.delete(binding)
  }

  purge(queue: ModelQueue): void {
    this.at++
    for (const entry of queue.ready) {
      if (entry.isArriving) entry.doubt |= DOUBT.unheard
      else entry.isLeaving = true
    }
  }

  route(exchange: string, routingKey: string): ModelQueue[] {
    return routesTo(this.queues, this.bindings, { exchange, routingKey })
  }

  publish(message: Message): Publish {
    const at = ++this.at
    const id = this.#nextId++
    const targets: Entry[] = []
    const queues = this.route(message.exchange, message.routingKey)
    const proves = isLogged(message.persistent, queues)
    for (const queue of queues) targets.push(this.#arrive(id, message, { queue, queues }))
    const mayBeRefused = targets.some(({ doubt }) => (doubt & DOUBT.refused) !== 0)
    return { id, at, targets, proves, mayBeRefused }
  }

  /** Adds a message to a queue, whose limits then act. */
  add(entry: NewEntry): Entry {
    const { queue } = entry
    const added: Entry = {
      ...entry,
      key: keyOf(entry.id, entry.routingKey, entry.deaths),
      expiredMs: entry.isArriving ? Number.POSITIVE_INFINITY : entry.deadlineMs,
      state: 'ready',
      holder: null,
      goneAt: 0,
      droppedEpoch: -1,
      enteredStep: this.step,
      returnedStep: -1,
      isLeaving: false,
      returns: { least: 0, most: 0 },
    }
    queue.live.add(added)
    unite(queue, added.key)
    applyLimits(this, queue)
    return added
  }

  confirmed(publish: Publish): void {
    for (const entry of publish.targets) entry.doubt &= ~DOUBT.refused
    if (publish.proves) this.prove(publish.at)
  }

  refused(publish: Publish): void {
    if (!publish.mayBeRefused) throw new Violation(`message ${publish.id} was refused, and no queue of it was full`)
    const [only] = publish.targets
    if (publish.targets.length > 1 || only === undefined) return
    if (only.state === 'held') throw new Violation(`message ${only.id} was refused, and delivered all the same`)
    only.queue.live.delete(only)
    only.state = 'gone'
  }

  prove(at: number): void {
    if (at <= this.proven) return
    this.proven = at
    for (const { graves } of this.known()) for (const entry of graves) if (entry.goneAt <= at) graves.delete(entry)
  }

  acknowledge(entry: Entry): void {
    this.at++
    this.end(entry, false)
  }

  /** A client does not want it: it dies. */
  discard(entry: Entry): void {
    this.at++
    this.end(entry)
    if (!entry.queue.isDeleting) die(this, entry, { reason: 'rejected', isCertain: true })
  }

  delivered(delivery: Delivery): void {
    this.#deliveries.push(delivery)
  }

  /** It is not in its queue any more, though a crash may undo that. One that dies may wait for its bytes from disk. */
  end(entry: Entry, isDead = true): void {
    entry.state = 'gone'
    const isDeferred = isDead && entry.queue.settings.deadLetterExchange !== undefined
    entry.goneAt = isDeferred ? Number.POSITIVE_INFINITY : this.at
    entry.queue.live.delete(entry)
    if (entry.isKept) entry.queue.graves.add(entry)
  }

  /** Everything of this step was heard. */
  endStep(): void {
    this.at++
    const deliveries = this.#deliveries
    this.#deliveries = []
    for (const [queue, own] of Map.groupBy(deliveries, ({ queue }) => queue)) this.#take(queue, own)
    for (const queue of this.known()) {
      for (const entry of queue.ready) if (entry.isLeaving) this.#leave(entry)
    }
    this.step++
  }

  /** All was heard, and the queue says how many messages are ready: that may end doubts. */
  counted(queue: ModelQueue, messagesReady: number): void {
    const { ready, certain } = queue
    const stayed = certain.find(({ enteredStep, returnedStep }) => Math.max(enteredStep, returnedStep) < this.step - 1)
    if (this.saidEmpty.delete(queue) && stayed !== undefined) {
      throw new Violation(`queue ${queue.name} said to be empty, and held message ${stayed.id}`)
    }
    if (queue.gets > 0 || ready.length === certain.length) return
    if (messagesReady === ready.length) for (const entry of ready) isHere(entry)
    else if (messagesReady === certain.length) {
      for (const entry of ready) if (entry.doubt !== 0 && !entry.isArriving) this.end(entry)
    }
  }

  /** The disks are at rest: what was deferred has happened. */
  rest(): void {
    this.at++
    this.isBurying = false
    this.epoch++
    this.restStep = this.step
    for (const queue of this.known()) {
      for (const entry of queue.live) {
        if (entry.isArriving) this.#arrived(entry)
      }
      for (const entry of queue.graves) entry.goneAt = Math.min(entry.goneAt, this.at)
    }
  }

  /** A `basic.get` without an answer may have taken it before. */
  #leave(entry: Entry): void {
    entry.isLeaving = false
    if (entry.queue.gets > 0) entry.doubt |= DOUBT.unheard
    else this.end(entry)
  }

  /** A dead letter is in its queue, if it came. */
  #arrived(entry: Entry): void {
    entry.isArriving = false
    entry.enteredAt = this.at
    entry.expiredMs = this.nowMs + entry.ttlMs
  }

  #arrive(
    id: number,
    message: Message,
    { queue, queues }: { queue: ModelQueue; queues: readonly ModelQueue[] },
  ): Entry {
    const { routingKey, persistent, size, ttlMs } = message
    const lifeMs = Math.min(ttlMs, queue.settings.ttlMs)
    const entry = {
      id,
      queue,
      position: this.#nextPosition++,
      routingKey,
      size,
      persistent,
      ...keeping(persistent, queue, queues),
      deadlineMs: this.nowMs + lifeMs,
      ttlMs: lifeMs,
      deaths: [],
      enteredAt: this.at,
      doubt: mayRefuse(queue, size) ? DOUBT.refused : 0,
      flag: 'unset' as const,
      isArriving: false,
    }
    const added = this.add(entry)
    if (entry.doubt !== 0 && queue.settings.overflow === 'reject-publish-dlx') {
      die(this, added, { reason: 'maxlen', isCertain: false })
    }
    return added
  }

  /** Deliveries of one step from one queue, heard in no certain order but for each consumer. */
  #take(queue: ModelQueue, deliveries: readonly Delivery[]): void {
    const taken: Entry[] = []
    this.#requireActive(queue, deliveries)
    for (const own of Map.groupBy(deliveries, ({ by }) => by).values()) {
      const fresh = own.filter(({ flagged }) => !flagged)
      const entries = own.map(delivery => this.#takeOne(queue, delivery))
      taken.push(...entries)
      requireRising(
        queue,
        entries.filter((_, i) => fresh.includes(own[i]!)),
      )
    }
    this.#passOver(queue, Math.max(...taken.map(({ position }) => position ?? 0)))
  }

  /** Of a single-active queue only the first consumer gets messages; who is first is known when nobody left. */
  #requireActive(queue: ModelQueue, deliveries: readonly Delivery[]): void {
    if (!queue.singleActive || queue.takenStep === this.step) return
    for (const { by } of deliveries) {
      if (by !== queue.consumers[0]) throw new Violation(`queue ${queue.name} delivered past its active consumer`)
    }
  }

  /** What stands before a delivered message is not there, or was taken by a `basic.get` whose answer has not come. */
  #passOver(queue: ModelQueue, position: number): void {
    const passed = queue.ready.filter(
      entry =>
        entry.position !== null && entry.position < position && !entry.isLeaving && entry.returnedStep !== this.step,
    )
    const certain = passed.filter(({ doubt }) => doubt === 0)
    if (certain.length > queue.gets) {
      throw new Violation(`queue ${queue.name} delivered ${position} before message ${certain[0]!.id}`)
    }
    if (queue.gets === 0) for (const entry of passed) this.end(entry)
  }

  #takeOne(queue: ModelQueue, { key, flagged, hold }: Delivery): Entry {
    const found = [...queue.live].filter(entry => entry.key === key && entry.state === 'ready')
    const entry = found.find(({ doubt }) => doubt === 0) ?? found[0]
    if (entry === undefined) throw new Violation(`queue ${queue.name} delivered message ${key}, which it does not hold`)
    if (entry.flag === 'set' && !flagged) throw new Violation(`message ${key} came again as if for the first time`)
    if (entry.flag === 'unset' && flagged) throw new Violation(`message ${key} came as redelivered for the first time`)
    entry.flag = 'set'
    entry.isLeaving = false
    if (entry.isArriving) this.#arrived(entry)
    if (found.length === 1) isHere(entry)
    if (hold === null) {
      this.end(entry, false)
    } else {
      entry.state = 'held'
      hold(entry)
    }
    return entry
  }
}
