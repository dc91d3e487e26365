/** What must hold of a broker and the model of it: counts and memory whenever all is heard, and more when all is at rest. */
import type { Queue } from '../../src/queue/queue.ts'
import type { SimChannel } from './client.ts'
import type { Entry, ModelConsumer, ModelQueue } from './model-queue.ts'
import { Violation } from './violation.ts'
import type { SimWorld } from './world.ts'

/** Handles of segments are small numbers, used again. */
const HANDLES_MAX = 2_000

/** Queues hold what the model says, and each message in a segment belongs to a queue or a client. */
export function requireAccounts(world: SimWorld): void {
  const { broker } = world.node
  const queues = broker.vhosts.get('/')!.queues
  const names = [...queues.keys()].sort().join()
  const expected = [...world.model.queues.keys()].sort().join()
  if (names !== expected) throw new Violation(`queues are ${names}, not ${expected}`)
  for (const [name, queue] of queues) {
    const expected = world.model.queues.get(name)!
    requireCounts(queue, expected)
    world.model.counted(expected, queue.messagesReady)
  }
  if (world.node.pending === 0) requireSegments(world)
}

function requireCounts(queue: Queue, model: ModelQueue): void {
  const { name, messagesReady, messagesUnacknowledged, consumers } = queue
  const all = model.ready
  const certain = model.certain
  if (messagesReady < certain.length - model.gets) {
    throw new Violation(
      `queue ${name} has ${messagesReady} ready, and ${certain.length} certainly: ${certain.map(shown)}`,
    )
  }
  if (messagesReady > all.length) {
    throw new Violation(`queue ${name} has ${messagesReady} ready, and at most ${all.length}: ${all.map(shown)}`)
  }
  if (messagesUnacknowledged < model.held || messagesUnacknowledged > model.held + model.gets) {
    throw new Violation(`queue ${name} has ${messagesUnacknowledged} unacknowledged, not ${model.held}`)
  }
  const attached = model.consumers.length
  if (consumers.count !== attached)
    throw new Violation(`queue ${name} has ${consumers.count} consumers, not ${attached}`)
}

/** Messages that segments count are ready, dead and about to go, or with a client. */
function requireSegments({ node, model }: SimWorld): void {
  const { broker } = node
  const counted = liveOf(broker.segments).reduce((sum, live) => sum + live, 0)
  let known = 0
  for (const queue of broker.queuesById.values()) known += queue.messagesReady + queue.dead.count
  for (const { channels } of broker.connections.values())
    for (const { unacked } of channels.values()) known += unacked.live
  if (counted !== known)
    throw new Violation(`segments count ${counted} messages, queues and clients ${known} (${model.step})`)
}

/** Messages that are not settled, for each segment that exists. */
export function liveOf(segments: { get(handle: number): { live: number }; readonly count: number }): number[] {
  const found: number[] = []
  for (let handle = 1; found.length < segments.count && handle < HANDLES_MAX; handle++) {
    try {
      found.push(segments.get(handle).live)
    } catch {}
  }
  return found
}

/** Nothing is under way: everything is answered and confirmed, and no message waits beside a consumer who could take it. */
export function requireRest(world: SimWorld): void {
  for (const client of world.clients) {
    if (client.bytes.socket.isPaused) throw new Violation(`nobody reads from ${client.name}`)
    for (const channel of client.channels.filter(({ isClosed }) => !isClosed)) requireAnswered(channel)
  }
  for (const queue of world.model.queues.values()) requireDelivered(queue, world)
}

function requireAnswered(channel: SimChannel): void {
  const name = `channel ${channel.number} of ${channel.client.name}`
  if (channel.isWaiting) throw new Violation(`${name} waits for an answer that does not come`)
  if (channel.publishes.size > 0)
    throw new Violation(`${name} waits for ${channel.publishes.size} confirms that do not come`)
}

function requireDelivered(queue: ModelQueue, world: SimWorld): void {
  const certain = queue.certain.length
  const consumers = queue.singleActive ? queue.consumers.slice(0, 1) : queue.consumers
  const able = consumers.find(consumer => canTake(consumer, world))
  if (certain === 0 || able === undefined) return
  throw new Violation(`queue ${queue.name} keeps ${certain} messages, and consumer ${able.tag} could take some`)
}

function canTake(consumer: ModelConsumer, world: SimWorld): boolean {
  if (!consumer.isAttached || consumer.noAck) return consumer.isAttached
  const channel = world.clients
    .flatMap(({ channels }) => channels)
    .find(each => each.consumers.get(consumer.tag) === consumer)!
  if (channel.globalPrefetch !== 0 && channel.held.size >= channel.globalPrefetch) return false
  return consumer.prefetch === 0 || channel.heldBy(consumer) < consumer.prefetch
}

function shown({ id, position, doubt, isArriving }: Entry): string {
  return `${id}@${position}${doubt === 0 ? '' : `?${doubt}`}${isArriving ? '>' : ''}`
}
