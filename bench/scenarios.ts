/** What the load generator can do to one broker; each scenario resolves with its figures by name. */
import { setTimeout as delay } from 'node:timers/promises'
import { type ExpiringLoad, expiring, type RejectedLoad, rejected } from './churn.ts'
import { type ConnectionsLoad, connections } from './connections.ts'
import { DeliveryCounter } from './counters.ts'
import { type DeclareLoad, declares } from './declares.ts'
import { type FlowLoad, flow } from './flows.ts'
import { type LatencyLoad, latency } from './latency.ts'
import { connect, type Figures, ignore, measured, settled, type Target } from './measuring.ts'
import { type NeighbourLoad, neighbour } from './neighbours.ts'
import { type PairLoad, startPair } from './pair.ts'
import { Publisher } from './publisher.ts'
import type { AmqpSocket } from './socket.ts'
import { consumeFrame, declareFrame, deleteFrame, Method, passiveDeclareFrame, read32 } from './wire.ts'

type Times = { readonly warmUpSeconds: number; readonly seconds: number }
type Messages = { readonly bodyBytes: number; readonly durable: boolean }

/** A load as data, so that it can cross to the generator's process. Times in seconds, sizes in bytes. */
export type Load =
  | ({ readonly kind: 'stream'; readonly tls?: true } & PairLoad & Times)
  | ({ readonly kind: 'backlog'; readonly limit: number; readonly seconds: number } & Messages)
  | DeclareLoad
  | { readonly kind: 'nothing' }
  | FlowLoad
  | LatencyLoad
  | ExpiringLoad
  | RejectedLoad
  | ConnectionsLoad
  | NeighbourLoad

const QUEUE = 'bench'
const NEVER = 2 ** 32 - 1
const STORED_SECONDS = 60

/** Whether the load comes over TLS, to another port of the broker. */
export function usesTls(load: Load): boolean {
  return load.kind === 'stream' && load.tls === true
}

/** `rest` is called where the broker holds what its memory is measured with, and resolves when that is done. */
export async function run(target: Target, load: Load, rest: () => Promise<void>): Promise<Figures> {
  switch (load.kind) {
    case 'stream':
      return await stream(target, load)
    case 'backlog':
      return await backlog(target, load, rest)
    case 'latency':
      return await latency(target, load)
    case 'declares':
      return await declares(target, load, rest)
    case 'flow':
      return await flow(target, load)
    case 'expiring':
      return await expiring(target, load)
    case 'rejected':
      return await rejected(target, load)
    case 'connections':
      return await connections(target, load, rest)
    case 'neighbour':
      return await neighbour(target, load)
    case 'nothing':
      return {}
  }
}

/** One publisher, one consumer; messages a second that were delivered (and confirmed). */
async function stream(target: Target, load: Extract<Load, { kind: 'stream' }>): Promise<Figures> {
  const pair = await startPair(target, QUEUE, load)
  await delay(load.warmUpSeconds * 1000)
  const figures = await measured(target, load.seconds, pair.delivered)
  await pair.finish()
  return figures
}

/**
 * Publishes to a queue nobody reads, then reads it empty. Publishing ends when the broker's own count says that every
 * message is there; reading is by auto-ack, from `basic.consume` to the last message.
 */
async function backlog(
  target: Target,
  load: Extract<Load, { kind: 'backlog' }>,
  rest: () => Promise<void>,
): Promise<Figures> {
  const source = await connect(target, ignore)
  await source.call(declareFrame(QUEUE, load.durable), Method.queueDeclareOk)
  const publisher = publisherTo(source, load, load.limit)
  const start = performance.now()
  publisher.start()
  while (!publisher.finished && performance.now() - start < load.seconds * 1000) await delay(5)
  publisher.stop()
  await stored(source, publisher.sent)
  const publishMs = performance.now() - start
  await rest()

  let drainMs = 0
  const deliveries = new DeliveryCounter(load.bodyBytes, () => {
    if (deliveries.received === publisher.sent && drainMs === 0) drainMs = performance.now() - drainStart
  })
  const sink = await connect(target, deliveries)
  const drainStart = performance.now()
  await sink.call(consumeFrame(QUEUE, true), Method.basicConsumeOk)
  await settled(() => drainMs > 0)
  await source.call(deleteFrame(QUEUE), Method.queueDeleteOk)
  await Promise.all([source.close(), sink.close()])
  const perSecond = (elapsedMs: number) => (publisher.sent / elapsedMs) * 1000
  return { publishPerSecond: perSecond(publishMs), drainPerSecond: perSecond(drainMs), count: publisher.sent }
}

function publisherTo(source: AmqpSocket, load: Messages, limit: number): Publisher {
  const shape = { exchange: '', key: QUEUE, bodyBytes: load.bodyBytes, persistent: load.durable }
  return new Publisher(source.socket, [{ shape, stream: 0, lane: 0 }], { room: () => NEVER, limit })
}

/** Asks until the queue holds `count` messages: RabbitMQ's answer may overtake the last publishes of its channel. */
async function stored(connection: AmqpSocket, count: number): Promise<void> {
  const end = performance.now() + STORED_SECONDS * 1000
  for (;;) {
    const declared = await connection.call(passiveDeclareFrame(QUEUE), Method.queueDeclareOk)
    const held = read32(declared.args, 1 + QUEUE.length)
    if (held === count) return
    if (performance.now() > end) throw new Error(`${count} messages published, the queue holds ${held}`)
    await delay(1)
  }
}
