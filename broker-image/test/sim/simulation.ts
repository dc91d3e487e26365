/** One simulated life of a broker, from a seed: faults and chance first, then everything must come to a good end. */
import { SEGMENTS_SMALL_AHEAD } from '../../src/limits.ts'
import { COMMANDS, deleteQueue } from './commands.ts'
import { Draw } from './draw.ts'
import { type CommandName, drawParameters, type Parameters } from './parameters.ts'
import { Violation } from './violation.ts'
import { SimWorld, SPARE_MAX, UNCHECKPOINTED_MAX } from './world.ts'

/** Commands after which the burst is over, since they hear. */
const ENDS_BURST = new Set<CommandName>(['advance', 'restart', 'crash', 'kill', 'idle', 'drop', 'policy'])
/**
 * Files of the log beside what it may keep spare or not yet checkpointed: the tail, two made ahead, a large one, a
 * checkpoint, and the small ones.
 */
const FILES_MORE = 6 + SEGMENTS_SMALL_AHEAD
const DRAIN_ROUNDS_MAX = 200
const FILLERS = 40

export interface Outcome {
  readonly seed: number
  readonly parameters: Parameters
  /** A checksum of everything that happened. */
  readonly history: number
  readonly error: unknown
  /** The last things that happened. */
  readonly told: readonly string[]
}

/** Never rejects: what went wrong is in the outcome. */
export async function simulate(seed: number, parameters = drawParameters(seed)): Promise<Outcome> {
  const draw = new Draw(seed ^ 0x5eed)
  const world = new SimWorld(draw, parameters)
  const stray = catchStray()
  let error: unknown = null
  try {
    await live(world, draw, { parameters, stray })
    await comeToRest(world, draw)
    stray.rethrow()
  } catch (caught) {
    error = caught
  } finally {
    stray.stop()
  }
  return { seed, parameters, history: world.history, error, told: world.told }
}

interface Stray {
  rethrow(): void
  stop(): void
}

/** Errors that reach nobody are the broker's: they come from its timers and turns. */
function catchStray(): Stray {
  const errors: unknown[] = []
  const others = process.listeners('uncaughtException')
  const add = (error: unknown): void => {
    errors.push(error)
  }
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', add)
  return {
    rethrow: () => {
      if (errors.length > 0) throw errors[0]
    },
    stop: () => {
      process.removeListener('uncaughtException', add)
      for (const other of others) process.on('uncaughtException', other)
    },
  }
}

async function live(world: SimWorld, draw: Draw, with_: { parameters: Parameters; stray: Stray }): Promise<void> {
  const { parameters, stray } = with_
  world.connect()
  for (let step = 0; step < parameters.steps; step++) {
    const burst = draw.between(1, parameters.burstMax)
    for (let i = 0; i < burst; i++) {
      const name = draw.weighted(parameters.weights)
      await COMMANDS[name]({ world, draw, parameters })
      if (ENDS_BURST.has(name)) break
      world.isDirty = true
    }
    await world.hear(draw.between(0, parameters.diskSteps))
    stray.rethrow()
  }
}

/** Faults are over: every message reaches a client, every queue can go, and the disk is given back. */
async function comeToRest(world: SimWorld, draw: Draw): Promise<void> {
  world.tell('faults are over')
  world.node.isFull = false
  world.node.clearFaults()
  await world.rest()
  await world.setPolicy(null)
  const client = world.connect()
  const channel = client.openChannel(true)
  await world.rest()
  for (const other of [...world.clients]) if (other !== client) await world.drop(other)
  await world.hear(0)
  for (const queue of world.model.queues.values()) {
    const [tag, prefetch] = [`drain${world.nextTag()}`, 0]
    channel.consume({ tag, queue, noAck: draw.chance(0.5), prefetch, isAttached: false, isCancelled: false })
  }
  for (let round = 0; round < DRAIN_ROUNDS_MAX; round++) {
    await world.rest()
    if (channel.held.size === 0) break
    for (const entry of channel.take([...channel.held.keys()])) world.model.acknowledge(entry)
    channel.send('basic.ack', { deliveryTag: 0, multiple: true })
  }
  for (const queue of [...world.model.queues.values()]) {
    if (queue.certain.length > 0) throw new Violation(`queue ${queue.name} does not come empty`)
    await world.bury()
    deleteQueue(channel, queue)
  }
  await world.rest()
  await requireGivenBack(world)
}

/** Enough new messages to leave the segments of old ones behind, and then nothing is left but what the log keeps at most. */
async function requireGivenBack(world: SimWorld): Promise<void> {
  const channel = world.clients[0]!.openChannel(true)
  const queue = world.model.declare('filler', true, {})
  const flags = { passive: false, exclusive: false, autoDelete: false, noWait: false }
  channel.send('queue.declare', { queue: 'filler', durable: true, ...flags, arguments: {} })
  channel.expect('queue.declare-ok')
  channel.consume({ tag: 'filler', queue, noAck: true, prefetch: 0, isAttached: false, isCancelled: false })
  await world.rest()
  for (let left = FILLERS; left > 0; left--) {
    for (const persistent of [true, false]) {
      const message = { exchange: '', routingKey: 'filler', mandatory: true, persistent, size: 4_000 }
      channel.publish({ ...message, ttlMs: Number.POSITIVE_INFINITY })
    }
    await world.rest()
  }
  const files = world.node.files.length
  const filesMax = SPARE_MAX + UNCHECKPOINTED_MAX + FILES_MORE
  if (files > filesMax) throw new Violation(`${files} files of an empty log: ${world.node.files}`)
  const { count } = world.node.broker.segments
  if (count > filesMax - SEGMENTS_SMALL_AHEAD) throw new Violation(`${count} segments of empty logs`)
}
