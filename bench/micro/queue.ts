/** Queues alone, without connections or disks: a message comes in, is delivered, and is acknowledged. `make bench-micro` */
import os from 'node:os'
import { systemClock } from '../../broker-image/src/clock.ts'
import type { QueueDefinition } from '../../broker-image/src/definitions/model.ts'
import { SEGMENT_BYTES, SEGMENTS_RESIDENT_MAX } from '../../broker-image/src/limits.ts'
import { fileDisk } from '../../broker-image/src/log/file-disk.ts'
import { openTransientLog } from '../../broker-image/src/log/recovery.ts'
import { SegmentTable } from '../../broker-image/src/log/segment.ts'
import type { Consumer } from '../../broker-image/src/queue/consumers.ts'
import type { QueueContext } from '../../broker-image/src/queue/context.ts'
import { QueueCounters } from '../../broker-image/src/queue/counters.ts'
import { type Arrival, Intake } from '../../broker-image/src/queue/intake.ts'
import { bodySize, type Message } from '../../broker-image/src/queue/message.ts'
import { Queue } from '../../broker-image/src/queue/queue.ts'
import { Turn } from '../../broker-image/src/turn.ts'
import { measure } from './measure.ts'

/** Exchange, routing key, bits, header frame, framing of the body, and 16 bytes of it. */
const WIRE_BYTES = 76
const KEY_BYTES = 7
/** Messages that wait before the consumer takes them. */
const WAITING = 100

const segments = new SegmentTable({
  segmentBytes: SEGMENT_BYTES,
  residentBytesMax: SEGMENT_BYTES * SEGMENTS_RESIDENT_MAX,
})
const log = openTransientLog(fileDisk(os.tmpdir()), { shardId: 1, segments, now: Date.now, newIdentity: () => 1 })
const context: QueueContext = {
  log,
  segments,
  clock: systemClock(),
  turn: new Turn(() => log.commit()),
  retiredCounters: new QueueCounters(),
  deadLetter: () => false,
  waitingDead: new Set(),
  logger: { warn: () => {} },
  reportDamage: fail,
  deleteQueue: () => {},
}
const intake = new Intake(log, log)
const arrival: Arrival = {
  source: Buffer.alloc(WIRE_BYTES, 7),
  start: 0,
  keyLength: KEY_BYTES,
  end: WIRE_BYTES,
  size: 16,
  persistent: false,
  ttlMs: Number.POSITIVE_INFINITY,
}

/** Acknowledges everything it gets when it is told to. */
class TestConsumer implements Consumer {
  readonly tag = 'c'
  readonly exclusive = false
  readonly priority = 0
  readonly prefetchCount = 0
  readonly arguments = {}
  readonly noAck: boolean
  takes = true
  taken = 0
  readonly #queue: Queue
  #segment = 0
  #held = 0
  #bytes = 0

  constructor(queue: Queue, noAck: boolean) {
    this.#queue = queue
    this.noAck = noAck
  }

  canTake(): boolean {
    return this.takes
  }

  deliver(_: Buffer, message: Message): void {
    this.taken++
    if (this.noAck) return
    if (message.segment !== this.#segment) this.settle()
    this.#segment = message.segment
    this.#held++
    this.#bytes += bodySize(message.sized)
  }

  pass(): void {
    this.taken++
  }

  cancelled(): void {}

  settle(): void {
    if (this.#held > 0) this.#queue.acknowledged(this.#segment, this.#held, this.#bytes)
    this.#held = 0
    this.#bytes = 0
  }
}

let queuesMade = 0

function queueOf(args: QueueDefinition['arguments'] = {}): Queue {
  const id = ++queuesMade
  const name = `q${id}`
  const traits = { durable: false, autoDelete: false, exclusive: false }
  return new Queue({ vhost: '/', name, id, ...traits, arguments: args }, null, context)
}

function consumerOf(queue: Queue, noAck: boolean): TestConsumer {
  const consumer = new TestConsumer(queue, noAck)
  queue.addConsumer(consumer)
  return consumer
}

/** Each call brings one message; every hundred of them the consumer takes what waits. */
function waiting(queues: readonly Queue[], consumers: readonly TestConsumer[]): () => void {
  let count = 0
  for (const consumer of consumers) consumer.takes = false
  return () => {
    intake.accept(arrival, queues)
    if (++count % WAITING > 0) return
    for (const consumer of consumers) consumer.takes = true
    for (const queue of queues) queue.endTurn()
    for (const consumer of consumers) {
      consumer.settle()
      consumer.takes = false
    }
    log.commit()
  }
}

const direct = [queueOf()]
consumerOf(direct[0]!, true)
await measure('passed on to an auto-ack consumer', () => intake.accept(arrival, direct))

const met = [queueOf()]
const meeting = consumerOf(met[0]!, false)
await measure('met by a consumer, acknowledged', () => {
  intake.accept(arrival, met)
  meeting.settle()
})

const plain = queueOf()
await measure('waits, is delivered, is acknowledged', waiting([plain], [consumerOf(plain, false)]))

const prioritized = queueOf({ 'x-max-priority': 9 })
await measure('the same with priorities', waiting([prioritized], [consumerOf(prioritized, false)]))

const expiring = queueOf({ 'x-message-ttl': 60_000 })
await measure('the same with a time to live', waiting([expiring], [consumerOf(expiring, false)]))

const ten = Array.from({ length: 10 }, () => queueOf())
const tenConsumers = ten.map(queue => consumerOf(queue, false))
await measure('the same in ten queues at once', waiting(ten, tenConsumers))

const bounded = [queueOf({ 'x-max-length': 100 })]
await measure('drops the first to stay within its length', () => intake.accept(arrival, bounded))

expiring.delete()
bounded[0]!.delete()
await new Promise<void>(resolve => log.close(() => resolve()))

function fail(problem: unknown): never {
  throw new Error(String(problem))
}
