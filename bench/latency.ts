/** Delivery latency at a steady rate that no broker is busy with. */
import { setTimeout as delay } from 'node:timers/promises'
import { DeliveryCounter } from './counters.ts'
import { connect, type Figures, ignore, settled, socketTo, type Target } from './measuring.ts'
import { Publisher } from './publisher.ts'
import { consumeFrame, declareFrame, deleteFrame, Method } from './wire.ts'

export type LatencyLoad = {
  readonly kind: 'latency'
  readonly bodyBytes: number
  readonly durable: boolean
  readonly perSecond: number
  readonly warmUpSeconds: number
  readonly seconds: number
}

const QUEUE = 'bench'
const NEVER = 2 ** 32 - 1
/** Messages that go together while broker and generator warm up: about as many as a millisecond brings later. */
const TOGETHER = 5

/**
 * Percentiles in milliseconds, from the write of a message to its parsing. What is due is sent every millisecond.
 *
 * At this rate a program still compiles its code while we measure, and the slowest messages tell of that: so both sides
 * warm up with messages that follow each other without a pause.
 */
export async function latency(target: Target, load: LatencyLoad): Promise<Figures> {
  const samples = new Float64Array(Math.ceil((load.seconds + 1) * load.perSecond))
  let taken = 0
  let phase: 'warming up' | 'measuring' | 'between' = 'warming up'
  const deliveries = new DeliveryCounter(
    load.bodyBytes,
    () => {
      if (phase === 'warming up' && deliveries.received === publisher.sent) publisher.send(TOGETHER, performance.now())
    },
    sentAt => {
      if (phase === 'measuring' && taken < samples.length) samples[taken++] = performance.now() - sentAt
    },
  )
  const source = await connect(target, ignore)
  const sink = socketTo(target, deliveries)
  const shape = { exchange: '', key: QUEUE, bodyBytes: load.bodyBytes, persistent: load.durable }
  const pace = { room: () => NEVER, limit: NEVER }
  const publisher = new Publisher(source.socket, [{ shape, stream: 0, lane: 0 }], pace)
  await source.call(declareFrame(QUEUE, load.durable), Method.queueDeclareOk)
  await sink.open()
  await sink.call(consumeFrame(QUEUE, true), Method.basicConsumeOk)
  await delay(load.warmUpSeconds * 1000)
  phase = 'between'
  await settled(() => deliveries.received === publisher.sent)
  phase = 'measuring'
  await steady(publisher, load)
  await settled(() => deliveries.received === publisher.sent)
  await source.call(deleteFrame(QUEUE), Method.queueDeleteOk)
  await Promise.all([source.close(), sink.close()])
  return percentiles(samples.subarray(0, taken))
}

async function steady(publisher: Publisher, load: LatencyLoad): Promise<void> {
  const sentBefore = publisher.sent
  const start = performance.now()
  for (;;) {
    const now = performance.now()
    const elapsed = (now - start) / 1000
    if (elapsed > load.seconds) return
    const due = Math.floor(elapsed * load.perSecond) - (publisher.sent - sentBefore)
    if (due > 0) publisher.send(due, now)
    await delay(1)
  }
}

function percentiles(samples: Float64Array): Figures {
  const sorted = samples.toSorted()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}
