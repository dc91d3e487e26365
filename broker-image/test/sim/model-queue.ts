/** What one queue may hold, by what its clients know: messages that are certainly there, and doubtful ones. */
import { Violation } from './violation.ts'

/** Why it is not known whether a message is in its queue; several may hold at once. */
export const DOUBT = {
  /** The queue may have refused it. */
  refused: 1,
  /** It may have been dropped at the queue's limit. */
  dropped: 2,
  /** It was not certainly durable, or its end was not, when the broker crashed. */
  crashed: 4,
  /** It may have gone to a client that left before it heard of it. */
  unheard: 8,
  /** Its time is over, and the broker may or may not have seen that. */
  expired: 16,
  /** It is a dead letter, and it is not certain that it died. */
  undead: 32,
  /** The queue may hold it more than once. */
  doubled: 64,
  /** It may have come back more often than its queue allows. */
  exhausted: 128,
} as const

/** What the `redelivered` flag of the next delivery must be. */
export type Flag = 'unset' | 'either' | 'set'

export interface Death {
  readonly queue: string
  readonly reason: 'rejected' | 'expired' | 'maxlen' | 'delivery_limit'
  readonly count: number
}

/** What tells a message from every other: its number, the key that it was routed by, and the deaths that it died. */
export function keyOf(id: number, routingKey: string, deaths: readonly Death[]): string {
  return [`${id} '${routingKey}'`, ...deaths.map(({ queue, reason, count }) => `${queue} ${reason} ${count}`)].join()
}

/** One message in one queue. Times called `…At` are counts of events, not of milliseconds. */
export interface Entry {
  readonly id: number
  readonly key: string
  readonly queue: ModelQueue
  /** Place in the queue; null when it is not known: dead letters. */
  position: number | null
  readonly routingKey: string
  readonly size: number
  readonly persistent: boolean
  /** It stands in the durable log. */
  readonly isKept: boolean
  /** It may stand in the other log, since the queue for whose sake it is kept may have refused it. */
  readonly mayBeLost: boolean
  /** When it expires at the earliest, in milliseconds since 1970; Infinity = never. */
  deadlineMs: number
  /** Time that it has at most from its arrival in the queue. */
  ttlMs: number
  /** When it surely has expired: later for a dead letter of which nobody knows when it arrived. */
  expiredMs: number
  /** Newest first. */
  readonly deaths: readonly Death[]
  enteredAt: number
  state: 'ready' | 'held' | 'gone'
  /** The consumer that holds it; null for one that came by `basic.get`. */
  holder: ModelConsumer | null
  goneAt: number
  doubt: number
  flag: Flag
  /** The epoch in which it may have been dropped: its dead letters are on their way. */
  droppedEpoch: number
  enteredStep: number
  /** The last step in which it may have come back from a client. */
  returnedStep: number
  /** Gone unless this step still brings a delivery that was under way. */
  isLeaving: boolean
  /** A dead letter whose bytes may still have to come from disk. */
  isArriving: boolean
  /** How often it came back and was counted. */
  readonly returns: { least: number; most: number }
}

export interface QueueSettings {
  ttlMs: number
  maxLength: number
  maxBytes: number
  overflow: 'drop-head' | 'reject-publish' | 'reject-publish-dlx'
  deadLetterExchange: string | undefined
  deadLetterKey: string | undefined
  /** Times that a message may come back; Infinity = no bound. */
  deliveryLimit: number
}

export interface ModelConsumer {
  readonly tag: string
  readonly queue: ModelQueue
  readonly noAck: boolean
  /** Deliveries that may wait for a settlement; 0 = no bound. */
  readonly prefetch: number
  /** The queue knows it. */
  isAttached: boolean
  isCancelled: boolean
}

export class ModelQueue {
  readonly name: string
  readonly durable: boolean
  readonly arguments: Readonly<Record<string, string | number | boolean>>
  settings: QueueSettings
  /** The client was told that it exists. */
  isDeclared = false
  /** A delete was sent, and its answer has not come. */
  isDeleting = false
  /** Ready or held. */
  readonly live = new Set<Entry>()
  /** Gone, but perhaps not for good: the log may not have it yet. */
  readonly graves = new Set<Entry>()
  readonly consumers: ModelConsumer[] = []
  /** The last step in which somebody other than waiting consumers may have taken messages. */
  takenStep = -1
  /** `basic.get` without an answer yet. */
  gets = 0
  /** What expires as time passes, in an order that is not known: some may still be there when dead letters come. */
  readonly lingering = { count: 0, bytes: 0 }

  constructor(
    name: string,
    durable: boolean,
    spec: { args: Readonly<Record<string, string | number | boolean>>; settings: QueueSettings },
  ) {
    this.name = name
    this.durable = durable
    this.arguments = spec.args
    this.settings = spec.settings
  }

  get ready(): Entry[] {
    return [...this.live].filter(({ state }) => state === 'ready')
  }

  get held(): number {
    return [...this.live].filter(({ state }) => state === 'held').length
  }

  /** What is certainly ready. */
  get certain(): Entry[] {
    return this.ready.filter(({ doubt, isArriving }) => doubt === 0 && !isArriving)
  }

  /** Nobody could have taken anything in this step. */
  isUntouched(step: number): boolean {
    return this.consumers.length === 0 && this.takenStep !== step && this.gets === 0
  }

  /** What is sent to it is kept whatever its publisher said. */
  get keepsAll(): boolean {
    return this.arguments['x-queue-type'] === 'quorum'
  }

  get singleActive(): boolean {
    return this.arguments['x-single-active-consumer'] === true
  }
}

export function isRefusing({ overflow, maxLength, maxBytes }: QueueSettings): boolean {
  return overflow !== 'drop-head' && (maxLength !== Number.POSITIVE_INFINITY || maxBytes !== Number.POSITIVE_INFINITY)
}

/** Arguments and policy together: the lower limit wins, else the argument. */
export function settingsOf(
  args: Readonly<Record<string, unknown>>,
  policy: Readonly<Record<string, unknown>>,
): QueueSettings {
  const lower = (key: string): number =>
    Math.min(Number(args[`x-${key}`] ?? Number.POSITIVE_INFINITY), Number(policy[key] ?? Number.POSITIVE_INFINITY))
  const either = (key: string): string | undefined => (args[`x-${key}`] ?? policy[key]) as string | undefined
  return {
    ttlMs: lower('message-ttl'),
    maxLength: lower('max-length'),
    maxBytes: lower('max-length-bytes'),
    overflow: (either('overflow') ?? 'drop-head') as QueueSettings['overflow'],
    deadLetterExchange: either('dead-letter-exchange'),
    deadLetterKey: either('dead-letter-routing-key'),
    deliveryLimit: lower('delivery-limit'),
  }
}

/** Whether a message for these queues goes into the durable log: a persistent one does, or for the sake of one of them. */
export function isLogged(persistent: boolean, queues: readonly ModelQueue[]): boolean {
  return queues.some(({ durable, keepsAll }) => (persistent ? durable : keepsAll))
}

/** What becomes in a crash of a message that goes to all `queues`, in one of them. */
export function keeping(
  persistent: boolean,
  queue: ModelQueue,
  queues: readonly ModelQueue[],
): Pick<Entry, 'isKept' | 'mayBeLost'> {
  const isSure = persistent || queue.keepsAll || queues.some(each => each.keepsAll && !isRefusing(each.settings))
  return { isKept: queue.durable && isLogged(persistent, queues), mayBeLost: !isSure }
}

/** It is in its queue: whatever might have taken it did not. */
export function isHere(entry: Entry): void {
  entry.doubt = 0
  entry.returns.most = Math.min(entry.returns.most, entry.queue.settings.deliveryLimit)
}

/** A queue that holds one message more than once: nobody can tell the copies apart. */
export function unite(queue: ModelQueue, key: string): void {
  const same = [...queue.live].filter(entry => entry.key === key)
  if (same.length < 2) return
  for (const entry of same) {
    entry.position = null
    entry.flag = 'either'
    entry.doubt |= DOUBT.doubled
  }
}

/** Only what was surely not delivered or dropped is sure to keep a queue below its limit. */
export function mayRefuse(queue: ModelQueue, size: number): boolean {
  if (!isRefusing(queue.settings)) return false
  const { maxLength, maxBytes } = queue.settings
  const { count, bytes } = mostReady(queue)
  return count >= maxLength || bytes + size > maxBytes
}

/** What the queue holds at most. */
export function mostReady({ ready, lingering }: ModelQueue): { count: number; bytes: number } {
  const bytes = ready.reduce((sum, { size }) => sum + size, lingering.bytes)
  return { count: ready.length + lingering.count, bytes }
}

/** A queue delivers in the order of its messages. */
export function requireRising(queue: ModelQueue, entries: readonly Entry[]): void {
  const positions = entries.map(({ position }) => position).filter(position => position !== null)
  for (const [i, position] of positions.entries()) {
    if (i > 0 && position < positions[i - 1]!) throw new Violation(`queue ${queue.name} delivered out of order`)
  }
}
