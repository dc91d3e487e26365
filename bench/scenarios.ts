/** What the load generator can do to one broker; each scenario resolves with its figures by name. */
import { setTimeout as delay } from 'node:timers/promises'
import { ConfirmCounter, DeliveryCounter } from './counters.ts'
import { Publisher } from './publisher.ts'
import { AmqpSocket } from './socket.ts'
import {
  ackFrame,
  consumeFrame,
  declareFrame,
  deleteFrame,
  Method,
  methodFrame,
  passiveDeclareFrame,
  qosFrame,
  read32,
} from './wire.ts'

export type Figures = Record<string, number>

/** A load as data, so that it can cross to the generator's process. Times in seconds, sizes in bytes. */
export type Load =
  | ({ readonly kind: 'stream'; readonly confirm: boolean; readonly prefetch: number } & Messages)
  | ({ readonly kind: 'backlog' } & Messages)
  | ({ readonly kind: 'latency'; readonly perSecond: number } & Messages)
  | { readonly kind: 'declares'; readonly count: number; readonly pipeline: number; readonly seconds: number }

type Messages = {
  readonly bodyBytes: number
  /** Durable queue and persistent messages, or neither. */
  readonly durable: boolean
  /** The most messages on their way at a time; a power of two. */
  readonly window: number
  readonly warmUpSeconds: number
  readonly seconds: number
}

const QUEUE = 'bench'
/** Bounds the memory that a backlog takes in the fastest broker. */
const BACKLOG_MESSAGES = 3_000_000
const NEVER = 2 ** 32 - 1
const SETTLE_SECONDS = 60

export async function run(port: number, load: Load): Promise<Figures> {
  switch (load.kind) {
    case 'stream':
      return await stream(port, load)
    case 'backlog':
      return await backlog(port, load)
    case 'latency':
      return await latency(port, load)
    case 'declares':
      return await declares(port, load)
  }
}

const ignore = { delivery() {}, body() {}, confirm() {}, endOfRead() {} }

/** A broken connection ends the generator: a figure from it would be worth nothing. */
function broken(error: Error): void {
  throw error
}

/** One publisher, one consumer, each on its connection; messages a second that were delivered (and confirmed). */
async function stream(port: number, load: Extract<Load, { kind: 'stream' }>): Promise<Figures> {
  const { confirm, prefetch } = load
  const autoAck = prefetch === 0
  let acked = 0
  const deliveries = new DeliveryCounter(load.bodyBytes, () => {
    if (!autoAck && (deliveries.received - acked >= prefetch / 4 || deliveries.received === publisher.sent)) ackAll()
    publisher.pump()
  })
  const ackAll = () => {
    if (acked === deliveries.received) return
    acked = deliveries.received
    target.socket.write(ackFrame(acked))
  }
  const confirms = new ConfirmCounter(load.window, () => publisher.pump())
  const source = new AmqpSocket(port, confirms, broken)
  const target = new AmqpSocket(port, deliveries, broken)
  const room = () => {
    const settled = confirm ? Math.min(confirms.confirmed, deliveries.received) : deliveries.received
    return load.window - (publisher.sent - settled)
  }
  const shape = { queue: QUEUE, bodyBytes: load.bodyBytes, persistent: load.durable }
  const publisher = new Publisher(source.socket, shape, { room, limit: NEVER })

  await source.open()
  await source.call(declareFrame(QUEUE, load.durable), Method.queueDeclareOk)
  if (confirm) await source.call(methodFrame(1, Method.confirmSelect, Buffer.from([0])), Method.confirmSelectOk)
  await target.open()
  if (!autoAck) await target.call(qosFrame(prefetch), Method.basicQosOk)
  await target.call(consumeFrame(QUEUE, autoAck), Method.basicConsumeOk)

  publisher.start()
  await delay(load.warmUpSeconds * 1000)
  const rate = await measured(load.seconds, () => deliveries.received)
  publisher.stop()
  await settled(() => deliveries.received === publisher.sent && (!confirm || confirms.confirmed === publisher.sent))
  await source.call(deleteFrame(QUEUE), Method.queueDeleteOk)
  await Promise.all([source.close(), target.close()])
  return { perSecond: rate }
}

/** How much a count grows per second, over `seconds`. */
async function measured(seconds: number, count: () => number): Promise<number> {
  const countBefore = count()
  const before = performance.now()
  await delay(seconds * 1000)
  return ((count() - countBefore) / (performance.now() - before)) * 1000
}

async function settled(done: () => boolean): Promise<void> {
  const end = performance.now() + SETTLE_SECONDS * 1000
  while (!done()) {
    if (performance.now() > end) throw new Error(`messages are missing after ${SETTLE_SECONDS} s`)
    await delay(5)
  }
}

/**
 * Publishes to a queue nobody reads, then reads it empty. Publishing ends when the broker's own count says that every
 * message is there; reading is by auto-ack, from `basic.consume` to the last message.
 */
async function backlog(port: number, load: Extract<Load, { kind: 'backlog' }>): Promise<Figures> {
  const source = new AmqpSocket(port, ignore, broken)
  await source.open()
  await source.call(declareFrame(QUEUE, load.durable), Method.queueDeclareOk)
  const shape = { queue: QUEUE, bodyBytes: load.bodyBytes, persistent: load.durable }
  const pace = { room: () => NEVER, limit: BACKLOG_MESSAGES }
  const publisher = new Publisher(source.socket, shape, pace)
  const start = performance.now()
  publisher.start()
  while (!publisher.finished && performance.now() - start < load.seconds * 1000) await delay(5)
  publisher.stop()
  await stored(source, publisher.sent)
  const publishMs = performance.now() - start

  let drainMs = 0
  const deliveries = new DeliveryCounter(load.bodyBytes, () => {
    if (deliveries.received === publisher.sent && drainMs === 0) drainMs = performance.now() - drainStart
  })
  const target = new AmqpSocket(port, deliveries, broken)
  await target.open()
  const drainStart = performance.now()
  await target.call(consumeFrame(QUEUE, true), Method.basicConsumeOk)
  await settled(() => drainMs > 0)
  await source.call(deleteFrame(QUEUE), Method.queueDeleteOk)
  await Promise.all([source.close(), target.close()])
  const perSecond = (elapsedMs: number) => (publisher.sent / elapsedMs) * 1000
  return { publishPerSecond: perSecond(publishMs), drainPerSecond: perSecond(drainMs) }
}

/** Asks until the queue holds `count` messages: RabbitMQ's answer may overtake the last publishes of its channel. */
async function stored(connection: AmqpSocket, count: number): Promise<void> {
  const end = performance.now() + SETTLE_SECONDS * 1000
  for (;;) {
    const declared = await connection.call(passiveDeclareFrame(QUEUE), Method.queueDeclareOk)
    const held = read32(declared.args, 1 + QUEUE.length)
    if (held === count) return
    if (performance.now() > end) throw new Error(`${count} messages published, the queue holds ${held}`)
    await delay(1)
  }
}

/** Delivery latency at a steady rate, from the write of a message to its parsing: percentiles in milliseconds. */
async function latency(port: number, load: Extract<Load, { kind: 'latency' }>): Promise<Figures> {
  const samples = new Float64Array(Math.ceil((load.seconds + 1) * load.perSecond))
  let taken = 0
  let measuring = false
  const deliveries = new DeliveryCounter(
    load.bodyBytes,
    () => {},
    sentAt => {
      if (measuring && taken < samples.length) samples[taken++] = performance.now() - sentAt
    },
  )
  const source = new AmqpSocket(port, ignore, broken)
  const target = new AmqpSocket(port, deliveries, broken)
  await source.open()
  await source.call(declareFrame(QUEUE, load.durable), Method.queueDeclareOk)
  await target.open()
  await target.call(consumeFrame(QUEUE, true), Method.basicConsumeOk)
  const shape = { queue: QUEUE, bodyBytes: load.bodyBytes, persistent: load.durable }
  const publisher = new Publisher(source.socket, shape, { room: () => NEVER, limit: NEVER })

  const start = performance.now()
  for (;;) {
    const now = performance.now()
    const elapsed = (now - start) / 1000
    if (elapsed > load.warmUpSeconds + load.seconds) break
    measuring = elapsed > load.warmUpSeconds
    const due = Math.floor(elapsed * load.perSecond) - publisher.sent
    if (due > 0) publisher.send(due, now)
    await delay(1)
  }
  await settled(() => deliveries.received === publisher.sent)
  await source.call(deleteFrame(QUEUE), Method.queueDeleteOk)
  await Promise.all([source.close(), target.close()])
  return percentiles(samples.subarray(0, taken))
}

function percentiles(samples: Float64Array): Figures {
  const sorted = samples.toSorted()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}

/** Declares durable queues on one channel, `pipeline` of them without waiting, until `count` or `seconds` are reached. */
async function declares(port: number, load: Extract<Load, { kind: 'declares' }>): Promise<Figures> {
  const connection = new AmqpSocket(port, ignore, broken)
  await connection.open()
  const start = performance.now()
  let declared = 0
  while (declared < load.count && performance.now() - start < load.seconds * 1000) {
    const names = Array.from({ length: load.pipeline }, (_, i) => `idle-${declared + i}`)
    const replies = names.map(() => connection.expect(Method.queueDeclareOk))
    connection.socket.write(Buffer.concat(names.map(name => declareFrame(name, true))))
    await Promise.all(replies)
    declared += load.pipeline
  }
  const perSecond = (declared / (performance.now() - start)) * 1000
  await connection.close()
  return { perSecond, declared }
}
