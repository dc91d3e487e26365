/** How a pair of publisher and consumer fares beside others that trouble the broker: its rate then, in percent of before. */
import { setTimeout as delay } from 'node:timers/promises'
import { requests } from './flows.ts'
import { connect, type Figures, ignore, measured, type Target } from './measuring.ts'
import { type PairLoad, startPair } from './pair.ts'
import { Publisher } from './publisher.ts'
import type { AmqpSocket, Sink } from './socket.ts'
import { ackFrame, consumeFrame, declareFrame, Method, methodFrame, qosFrame, shortString, uint16 } from './wire.ts'

export type NeighbourName = 'slow-consumers' | 'frozen-consumers' | 'channel-churn' | 'many-queues'

export type NeighbourLoad = PairLoad & {
  readonly kind: 'neighbour'
  readonly neighbour: NeighbourName
  readonly warmUpSeconds: number
  readonly seconds: number
}

const SLOW_CONSUMERS = 100
const SLOW_BACKLOG = 1000
const SLOW_PREFETCH = 10
const SLOW_ACK_MS = 100
const FROZEN_CONSUMERS = 10
/** More than the buffers of both sockets take. */
const FROZEN_BACKLOG = 4000
const FROZEN_BODY_BYTES = 4096
const CHANNELS = 1000
const CHURN_MS = 1000
const QUEUES = 10_000
const PASSING_PART = 0.1

/** Ends the trouble. */
type Stop = () => Promise<void>

/** A little of the trouble is there before: or a broker would be measured alone with code that has met nobody else yet. */
export async function neighbour(target: Target, load: NeighbourLoad): Promise<Figures> {
  const pair = await startPair(target, 'innocent', load)
  const passing = await trouble(target, load.neighbour, { queues: 'passing', part: PASSING_PART })
  await delay(load.warmUpSeconds * 1000)
  await passing()
  await delay(load.warmUpSeconds * 1000)
  const alone = await measured(target, load.seconds, pair.delivered)
  const stop = await trouble(target, load.neighbour, { queues: 'trouble', part: 1 })
  const beside = await measured(target, load.seconds, pair.delivered)
  await pair.finish()
  await stop()
  const inPercentOfAlone = (figure: string) => (beside[figure]! / alone[figure]!) * 100
  return {
    perSecond: beside['perSecond']!,
    percent: inPercentOfAlone('perSecond'),
    costPercent: inPercentOfAlone('brokerMicros'),
  }
}

/** How much of a trouble, and how its queues are called. */
interface Extent {
  readonly queues: string
  readonly part: number
}

async function trouble(target: Target, name: NeighbourName, extent: Extent): Promise<Stop> {
  switch (name) {
    case 'slow-consumers':
      return await slowConsumers(target, extent)
    case 'frozen-consumers':
      return await frozenConsumers(target, extent)
    case 'channel-churn':
      return await channelChurn(target, extent)
    case 'many-queues':
      return await manyQueues(target, extent)
  }
}

/** Each has a backlog and acks one message in 100 ms. */
async function slowConsumers(target: Target, { queues, part }: Extent): Promise<Stop> {
  const sockets: AmqpSocket[] = []
  const timers: NodeJS.Timeout[] = []
  for (let i = 0; i < SLOW_CONSUMERS * part; i++) {
    const socket = await consumerWithBacklog(target, `${queues}-${i}`, {
      messages: SLOW_BACKLOG,
      bodyBytes: 16,
      sink: ignore,
    })
    await socket.call(qosFrame(SLOW_PREFETCH), Method.basicQosOk)
    await socket.call(consumeFrame(`${queues}-${i}`, false), Method.basicConsumeOk)
    let acked = 0
    timers.push(setInterval(() => socket.socket.write(ackFrame(++acked)), SLOW_ACK_MS))
    sockets.push(socket)
  }
  return async () => {
    for (const timer of timers) clearInterval(timer)
    for (const socket of sockets) socket.drop()
  }
}

/** Each asked for everything, and never reads from its socket again. */
async function frozenConsumers(target: Target, { queues, part }: Extent): Promise<Stop> {
  const sockets: AmqpSocket[] = []
  const backlog = { messages: FROZEN_BACKLOG, bodyBytes: FROZEN_BODY_BYTES, sink: ignore }
  for (let i = 0; i < FROZEN_CONSUMERS * part; i++) {
    const socket = await consumerWithBacklog(target, `${queues}-${i}`, backlog)
    socket.socket.write(consumeFrame(`${queues}-${i}`, true))
    socket.socket.pause()
    sockets.push(socket)
  }
  return async () => {
    for (const socket of sockets) socket.drop()
  }
}

async function consumerWithBacklog(
  target: Target,
  queue: string,
  backlog: { messages: number; bodyBytes: number; sink: Sink },
): Promise<AmqpSocket> {
  const socket = await connect(target, backlog.sink)
  await socket.call(declareFrame(queue, false), Method.queueDeclareOk)
  const shape = { exchange: '', key: queue, bodyBytes: backlog.bodyBytes, persistent: false }
  const pace = { room: () => backlog.messages, limit: backlog.messages }
  const publisher = new Publisher(socket.socket, [{ shape, stream: 0, lane: 0 }], pace)
  publisher.start()
  while (!publisher.finished) await delay(1)
  return socket
}

/** Once a second, 1,000 channels of one connection open and close. */
async function channelChurn(target: Target, { part }: Extent): Promise<Stop> {
  const socket = await connect(target, ignore)
  const channels = Array.from({ length: CHANNELS * part }, (_, i) => i + 2)
  const reason = [uint16(200), shortString('bye'), uint16(0), uint16(0)]
  const opens = channels.map(channel => {
    return { frame: methodFrame(channel, Method.channelOpen, shortString('')), reply: Method.channelOpenOk }
  })
  const closes = channels.map(channel => {
    return { frame: methodFrame(channel, Method.channelClose, ...reason), reply: Method.channelCloseOk }
  })
  let stopped = false
  const churn = async () => {
    while (!stopped) {
      const next = delay(CHURN_MS)
      await requests(socket, [...opens, ...closes])
      await next
    }
  }
  const ended = churn()
  return async () => {
    stopped = true
    await ended
    await socket.close()
  }
}

/** They are there, and nobody uses them. */
async function manyQueues(target: Target, { queues, part }: Extent): Promise<Stop> {
  const socket = await connect(target, ignore)
  const declares = Array.from({ length: QUEUES * part }, (_, i) => {
    return { frame: declareFrame(`${queues}-${i}`, false), reply: Method.queueDeclareOk }
  })
  await requests(socket, declares)
  return async () => socket.drop()
}
