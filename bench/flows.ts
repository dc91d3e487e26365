/** Flows of transient messages through a topology: publishers with a window each, consumers with auto-ack. */
import { setTimeout as delay } from 'node:timers/promises'
import { LaneCounter } from './counters.ts'
import { connect, type Figures, ignore, measured, settled, socketTo, type Target } from './measuring.ts'
import { Publisher } from './publisher.ts'
import type { AmqpSocket } from './socket.ts'
import { type Group, type Request, type TopologyName, topology } from './topologies.ts'
import { consumeFrame, deleteFrame, Method } from './wire.ts'

export type FlowLoad = {
  readonly kind: 'flow'
  readonly topology: TopologyName
  readonly size: number
  readonly bodyBytes: number
  /** Messages of each publisher on their way, at the most. */
  readonly window: number
  readonly warmUpSeconds: number
  readonly seconds: number
}

/** Requests on their way at a time while a topology is built. */
const PIPELINE = 500
const NEVER = 2 ** 32 - 1

type Flow = {
  readonly publisher: Publisher
  readonly received: () => number
  readonly copies: number
  readonly sockets: readonly AmqpSocket[]
}

/** Deliveries a second. */
export async function flow(target: Target, load: FlowLoad): Promise<Figures> {
  const { setup, groups, queues } = topology(load.topology, load.size, load.bodyBytes)
  const owner = await connect(target, ignore)
  await requests(owner, setup)
  const flows: Flow[] = []
  for (const group of groups) flows.push(await open(target, group, load))
  const received = () => flows.reduce((sum, each) => sum + each.received(), 0)
  for (const { publisher } of flows) publisher.start()
  await delay(load.warmUpSeconds * 1000)
  const figures = await measured(target, load.seconds, received)
  for (const { publisher } of flows) publisher.stop()
  await settled(() => flows.every(each => each.received() === each.publisher.sent * each.copies))
  for (const { sockets } of flows) await Promise.all(sockets.map(socket => socket.close()))
  await requests(
    owner,
    queues.map(queue => ({ frame: deleteFrame(queue), reply: Method.queueDeleteOk })),
  )
  await owner.close()
  return figures
}

/** Sends requests in a pipeline and waits for their answers. */
export async function requests(socket: AmqpSocket, all: readonly Request[]): Promise<void> {
  for (let start = 0; start < all.length; start += PIPELINE) {
    const some = all.slice(start, start + PIPELINE)
    const replies = some.map(({ reply }) => socket.expect(reply))
    socket.socket.write(Buffer.concat(some.map(({ frame }) => frame)))
    await Promise.all(replies)
  }
}

async function open(target: Target, group: Group, load: FlowLoad): Promise<Flow> {
  const counters = group.readers.map(queues => {
    const of = { bodyBytes: load.bodyBytes, consumers: queues.length, lanes: group.lanes }
    return new LaneCounter(of, () => publisher.pump())
  })
  const received = () => {
    let sum = 0
    for (const counter of counters) sum += counter.received
    return sum
  }
  const source = socketTo(target, ignore)
  const readers = counters.map(counter => socketTo(target, counter))
  const room = () => load.window - (publisher.sent - received() / group.copies)
  const publisher = new Publisher(source.socket, group.variants, { room, limit: NEVER, window: load.window })
  await Promise.all([source, ...readers].map(socket => socket.open()))
  for (const [i, queues] of group.readers.entries()) {
    const consumes = queues.map((queue, consumer) => {
      return { frame: consumeFrame(queue, true, consumer), reply: Method.basicConsumeOk }
    })
    await requests(readers[i]!, consumes)
  }
  return { publisher, received, copies: group.copies, sockets: [source, ...readers] }
}
