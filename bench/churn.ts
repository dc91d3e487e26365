/** Messages that come to an end otherwise than by a consumer's ack: they expire, or are rejected and dead-lettered. */
import { setTimeout as delay } from 'node:timers/promises'
import { ConfirmCounter, DeliveryCounter } from './counters.ts'
import { connect, type Figures, ignore, measured, settled, socketTo, type Target } from './measuring.ts'
import { Publisher } from './publisher.ts'
import type { AmqpSocket } from './socket.ts'
import {
  consumeFrame,
  declareFrame,
  deleteFrame,
  Method,
  methodFrame,
  passiveDeclareFrame,
  qosFrame,
  read32,
  rejectFrame,
} from './wire.ts'

type Messages = {
  readonly bodyBytes: number
  readonly window: number
  readonly warmUpSeconds: number
  readonly seconds: number
}

export type ExpiringLoad = Messages & { readonly kind: 'expiring'; readonly lifeMs: number }
export type RejectedLoad = Messages & { readonly kind: 'rejected'; readonly prefetch: number }

const QUEUE = 'bench'
const GRAVE = 'bench-dead'
const NEVER = 2 ** 32 - 1
const EMPTY_SECONDS = 60

/** Confirmed messages a second into a queue that nobody reads and where each expires after `lifeMs`. */
export async function expiring(target: Target, load: ExpiringLoad): Promise<Figures> {
  const confirms = new ConfirmCounter(load.window, () => publisher.pump())
  const source = socketTo(target, confirms)
  const room = () => load.window - (publisher.sent - confirms.confirmed)
  const publisher = publisherTo(source, load, room)
  await source.open()
  await source.call(declareFrame(QUEUE, false, { 'x-message-ttl': load.lifeMs }), Method.queueDeclareOk)
  await source.call(methodFrame(1, Method.confirmSelect, Buffer.from([0])), Method.confirmSelectOk)
  publisher.start()
  await delay(load.warmUpSeconds * 1000)
  const figures = await measured(target, load.seconds, () => confirms.confirmed)
  publisher.stop()
  await settled(() => confirms.confirmed === publisher.sent)
  const observer = await connect(target, ignore)
  await expired(observer)
  await source.call(deleteFrame(QUEUE), Method.queueDeleteOk)
  await Promise.all([source.close(), observer.close()])
  return figures
}

async function expired(observer: AmqpSocket): Promise<void> {
  const end = performance.now() + EMPTY_SECONDS * 1000
  for (;;) {
    const { args } = await observer.call(passiveDeclareFrame(QUEUE), Method.queueDeclareOk)
    const held = read32(args, 1 + QUEUE.length)
    if (held === 0) return
    if (performance.now() > end) throw new Error(`${held} messages have not expired`)
    await delay(20)
  }
}

/** Messages a second that are published, delivered, rejected, dead-lettered to another queue and delivered again. */
export async function rejected(target: Target, load: RejectedLoad): Promise<Figures> {
  let refused = 0
  const refusals = new DeliveryCounter(load.bodyBytes, () => {
    if (refused === refusals.received) return
    refused = refusals.received
    refuser.socket.write(rejectFrame(refused))
  })
  const buried = new DeliveryCounter(load.bodyBytes, () => publisher.pump())
  const source = socketTo(target, ignore)
  const refuser = socketTo(target, refusals)
  const reader = socketTo(target, buried)
  const publisher = publisherTo(source, load, () => load.window - (publisher.sent - buried.received))
  await Promise.all([source, refuser, reader].map(socket => socket.open()))
  const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': GRAVE }
  await source.call(declareFrame(QUEUE, false, args), Method.queueDeclareOk)
  await source.call(declareFrame(GRAVE, false), Method.queueDeclareOk)
  await refuser.call(qosFrame(load.prefetch), Method.basicQosOk)
  await refuser.call(consumeFrame(QUEUE, false), Method.basicConsumeOk)
  await reader.call(consumeFrame(GRAVE, true), Method.basicConsumeOk)
  publisher.start()
  await delay(load.warmUpSeconds * 1000)
  const figures = await measured(target, load.seconds, () => buried.received)
  publisher.stop()
  await settled(() => buried.received === publisher.sent)
  for (const queue of [QUEUE, GRAVE]) await source.call(deleteFrame(queue), Method.queueDeleteOk)
  await Promise.all([source.close(), refuser.close(), reader.close()])
  return figures
}

function publisherTo(source: AmqpSocket, load: Messages, room: () => number): Publisher {
  const shape = { exchange: '', key: QUEUE, bodyBytes: load.bodyBytes, persistent: false }
  return new Publisher(source.socket, [{ shape, stream: 0, lane: 0 }], { room, limit: NEVER, window: load.window })
}
