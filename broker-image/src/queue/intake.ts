/** Where messages enter queues: one entry in one log for all the queues that a message goes to. */
import type { EnqueueHeader } from '../log/record.ts'
import { FLAG_PERSISTENT } from '../log/record.ts'
import type { ShardLog } from '../log/shard-log.ts'
import { type Message, PERSISTENT_BIT } from './message.ts'
import type { Queue } from './queue.ts'

/** Queues that one log entry names; a message for more is appended once for each lot. */
const TARGETS_MAX = 1_024
/** Room in the log for what surrounds a message: headers that are added, settlements; and for each queue it goes to. */
const AROUND_BYTES = 4_096
const TARGET_BYTES = 20

/** A message on its way in. One object serves every publish of its owner: read it at once, never keep it. */
export interface Arrival {
  /** The wire form stands at `[start, end)` and begins with `keyLength` bytes of exchange and routing key. */
  source: Buffer
  start: number
  keyLength: number
  end: number
  /** Bytes of the body. */
  size: number
  persistent: boolean
  /** The message's own time to live in milliseconds; Infinity = none. */
  ttlMs: number
}

class MutableMessage implements Message {
  seq = 0
  segment = 0
  offset = 0
  sized = 0
}

export class Intake {
  readonly #log: ShardLog
  readonly #transientLog: ShardLog
  readonly #message = new MutableMessage()
  readonly #header: EnqueueHeader = {
    flags: 0,
    keyLength: 0,
    bodyBytes: 0,
    targetCount: 0,
    queueIds: new Uint32Array(TARGETS_MAX),
    seqs: new Float64Array(TARGETS_MAX),
    expiresAtMs: new Float64Array(TARGETS_MAX),
  }

  constructor(log: ShardLog, transientLog: ShardLog) {
    this.#log = log
    this.#transientLog = transientLog
  }

  /**
   * What `append` appends is in one batch of the log, which a crash never cuts: a message of `wireBytes` in so many
   * `queues`, as many other `copies` of it, and what it takes to say that it left somewhere.
   */
  together<T>(wireBytes: number, queues: number, copies: number, append: () => T): T {
    const entries = copies + Math.ceil(queues / TARGETS_MAX)
    return this.#log.together((1 + entries) * AROUND_BYTES + entries * wireBytes + queues * TARGET_BYTES, append)
  }

  /** The batch of the durable log with its last entry so far. */
  get lastBatch(): number {
    return this.#log.isGathering ? this.#log.batch : this.#log.batch - 1
  }

  /**
   * Puts a message into queues. Answers the batch of the durable log that must be stable before the publisher may
   * hear that the message is safe; 0 when nothing waits for the disk.
   */
  accept(arrival: Arrival, queues: readonly Queue[]): number {
    const durable = arrival.persistent ? anyDurable(queues) : anyKeepsAll(queues)
    if (!durable && queues.length === 1 && passOn(arrival, queues[0]!)) return 0
    const log = durable ? this.#log : this.#transientLog
    for (let from = 0; from < queues.length; from += TARGETS_MAX) this.#append(log, arrival, queues, from)
    for (let i = 0; i < queues.length; i++) queues[i]!.enforceLimits()
    return durable ? log.batch : 0
  }

  #append(log: ShardLog, arrival: Arrival, queues: readonly Queue[], from: number): void {
    const header = this.#header
    const count = Math.min(queues.length - from, TARGETS_MAX)
    header.flags = log.durable ? FLAG_PERSISTENT : 0
    header.keyLength = arrival.keyLength
    header.bodyBytes = arrival.size
    header.targetCount = count
    for (let i = 0; i < count; i++) {
      const queue = queues[from + i]!
      header.queueIds[i] = queue.id
      header.seqs[i] = queue.sequence.take()
      header.expiresAtMs[i] = queue.deadlineMs(arrival.ttlMs)
    }
    const offset = log.appendEnqueue(header, arrival.source, arrival.start, arrival.end)
    const message = this.#message
    message.segment = log.segment
    message.offset = offset
    for (let i = 0; i < count; i++) {
      const queue = queues[from + i]!
      message.seq = header.seqs[i]!
      message.sized = log.durable && queue.durable ? arrival.size | PERSISTENT_BIT : arrival.size
      queue.enqueue(message, header.expiresAtMs[i]!)
    }
  }
}

function anyDurable(queues: readonly Queue[]): boolean {
  for (let i = 0; i < queues.length; i++) if (queues[i]!.durable) return true
  return false
}

function anyKeepsAll(queues: readonly Queue[]): boolean {
  for (let i = 0; i < queues.length; i++) if (queues[i]!.settings.keepsAll) return true
  return false
}

/** A message that needs no disk and meets a waiting auto-ack consumer never touches a log. */
function passOn(arrival: Arrival, queue: Queue): boolean {
  const consumer = queue.passTo()
  if (consumer === null) return false
  queue.counters.published++
  queue.counters.deliveredNoAck++
  consumer.pass(arrival.source, arrival.start, arrival.keyLength, arrival.end)
  return true
}
