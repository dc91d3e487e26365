/** One publisher and one consumer of one queue, each on its connection: the load that the headline figures come from. */
import { ConfirmCounter, DeliveryCounter } from './counters.ts'
import { settled, socketTo, type Target } from './measuring.ts'
import { Publisher } from './publisher.ts'
import { ackFrame, consumeFrame, declareFrame, deleteFrame, Method, methodFrame, qosFrame } from './wire.ts'

export type PairLoad = {
  readonly bodyBytes: number
  /** Durable queue and persistent messages, or neither. */
  readonly durable: boolean
  readonly confirm: boolean
  /** 0: auto-ack. */
  readonly prefetch: number
  /** The most messages on their way at a time; a power of two. */
  readonly window: number
}

export type Pair = {
  readonly delivered: () => number
  /** Stops publishing, waits for every message and confirm, and leaves nothing behind. */
  readonly finish: () => Promise<void>
}

const NEVER = 2 ** 32 - 1

/** Starts the two; they run until `finish`. */
export async function startPair(target: Target, queue: string, load: PairLoad): Promise<Pair> {
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
    sink.socket.write(ackFrame(acked))
  }
  const confirms = new ConfirmCounter(load.window, () => publisher.pump())
  const source = socketTo(target, confirms)
  const sink = socketTo(target, deliveries)
  const room = () => {
    const done = confirm ? Math.min(confirms.confirmed, deliveries.received) : deliveries.received
    return load.window - (publisher.sent - done)
  }
  const shape = { exchange: '', key: queue, bodyBytes: load.bodyBytes, persistent: load.durable }
  const pace = { room, limit: NEVER, window: load.window }
  const publisher = new Publisher(source.socket, [{ shape, stream: 0, lane: 0 }], pace)

  await Promise.all([source.open(), sink.open()])
  await source.call(declareFrame(queue, load.durable), Method.queueDeclareOk)
  if (confirm) await source.call(methodFrame(1, Method.confirmSelect, Buffer.from([0])), Method.confirmSelectOk)
  if (!autoAck) await sink.call(qosFrame(prefetch), Method.basicQosOk)
  await sink.call(consumeFrame(queue, autoAck), Method.basicConsumeOk)
  publisher.start()
  return {
    delivered: () => deliveries.received,
    finish: async () => {
      publisher.stop()
      await settled(() => deliveries.received === publisher.sent && (!confirm || confirms.confirmed === publisher.sent))
      await source.call(deleteFrame(queue), Method.queueDeleteOk)
      await Promise.all([source.close(), sink.close()])
    },
  }
}
