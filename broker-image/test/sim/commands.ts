/** What a simulated world does at random: each command picks who, where and how by the parameters of the world. */
import type { SimChannel } from './client.ts'
import type { Draw } from './draw.ts'
import type { ModelConsumer, ModelQueue } from './model-queue.ts'
import { requeue } from './model-returns.ts'
import { EXCHANGES } from './model-routing.ts'
import type { CommandName, Parameters } from './parameters.ts'
import type { SimWorld } from './world.ts'

/** What a command has at hand. */
interface Scene {
  readonly world: SimWorld
  readonly draw: Draw
  readonly parameters: Parameters
}

type Command = (scene: Scene) => void | Promise<void>

const TOPIC_KEYS = ['a.b', 'a.c', 'x.b', 'x', 'a.b.c']
const TOPIC_PATTERNS = ['a.*', '#', '*.b', 'x', 'a.#']
const DIRECT_KEYS = ['r', 's']
const SMALL_BYTES = [10, 40, 200]
const LARGE_BYTES = [1_000, 3_000, 9_000]
const TTLS_MS = [0, 100, 1_000, 30_000]
const LIMITS = [1, 2, 5, 20]
const DELIVERY_LIMITS = [0, 1, 3]
const ADVANCES_MS = [1, 50, 500, 1_000, 10_000, 60_000]
/** Messages above which nobody publishes or rejects: dead letters of dead letters could grow without end. */
const MESSAGES_MAX = 600
const PURGE_OK = 'queue.purge-ok'

export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  connect: ({ world, parameters }) => {
    if (world.clients.length < parameters.clients) world.connect()
  },

  declare: async scene => {
    const { world, draw, parameters } = scene
    const name = draw.pick(queueNames(parameters))
    if (!(await world.bury())) return
    const channel = anyChannel(scene)
    if (channel === null || !world.model.isFree(name)) return
    declare(channel, name, scene)
  },

  publish: scene => {
    const { draw, world, parameters } = scene
    if (world.model.size > MESSAGES_MAX) return
    const channel = anyChannel(scene)
    if (channel === null) return
    const exchange = draw.pick(['', '', ...EXCHANGES])
    const routingKey = keyFor(exchange, scene)
    const mandatory = draw.chance(0.2)
    for (let left = draw.between(1, 5); left > 0 && !channel.client.bytes.socket.isPaused; left--) {
      const size = draw.pick(draw.chance(parameters.largeMessages) ? LARGE_BYTES : SMALL_BYTES)
      const ttlMs = draw.chance(parameters.messagesWithTtl) ? draw.pick(TTLS_MS) : Number.POSITIVE_INFINITY
      const persistent = draw.chance(parameters.persistentMessages)
      channel.publish({ exchange, routingKey, mandatory, persistent, size, ttlMs })
    }
    world.tell(`${channel.client.name} > ${channel.number} publish to '${exchange}' '${routingKey}'`)
  },

  consume: scene => {
    const { draw, world, parameters } = scene
    const [channel, queue] = [anyChannel(scene), anyQueue(scene)]
    if (channel === null || queue === null || channel.consumers.size > 5) return
    const noAck = draw.chance(parameters.autoAckConsumers)
    const tag = `c${world.nextTag()}`
    const consumer = { tag, queue, noAck, prefetch: channel.prefetch, isAttached: false, isCancelled: false }
    channel.consume(consumer)
    world.tell(
      `${channel.client.name} > ${channel.number} consume ${tag} from ${queue.name} ${noAck ? 'auto-ack' : ''}`,
    )
  },

  cancel: scene => {
    const channel = anyChannel(scene)
    const consumers = [...(channel?.consumers.values() ?? [])].filter(({ isCancelled }) => !isCancelled)
    if (channel === null || consumers.length === 0) return
    const consumer = scene.draw.pick<ModelConsumer>(consumers)
    scene.world.tell(`${channel.client.name} > ${channel.number} cancel ${consumer.tag}`)
    channel.cancel(consumer)
  },

  acknowledge: scene => {
    const chosen = someHeld(scene)
    if (chosen === null) return
    const { channel, tag, tags, multiple } = chosen
    scene.world.tell(`${channel.client.name} > ${channel.number} ack ${tag} ${multiple ? 'multiple' : ''}`)
    for (const entry of channel.take(tags)) channel.model.acknowledge(entry)
    channel.send('basic.ack', { deliveryTag: tag, multiple })
  },

  refuse: scene => {
    const chosen = someHeld(scene)
    if (chosen === null) return
    const { channel, tag, tags, multiple } = chosen
    const isRequeued = scene.draw.chance(scene.parameters.requeues) || scene.world.model.size > MESSAGES_MAX
    const how = `${multiple ? 'multiple' : ''} ${isRequeued ? 'requeue' : ''}`
    scene.world.tell(`${channel.client.name} > ${channel.number} nack ${tag} ${how}`)
    const entries = channel.take(tags)
    if (isRequeued) requeue(channel.model, entries)
    else for (const entry of entries) channel.model.discard(entry)
    if (multiple || scene.draw.chance(0.5))
      channel.send('basic.nack', { deliveryTag: tag, multiple, requeue: isRequeued })
    else channel.send('basic.reject', { deliveryTag: tag, requeue: isRequeued })
  },

  get: scene => {
    const [channel, queue] = [anyChannel(scene), anyQueue(scene)]
    if (channel === null || queue === null) return
    const noAck = scene.draw.chance(scene.parameters.autoAckConsumers)
    scene.world.tell(`${channel.client.name} > ${channel.number} get ${queue.name} ${noAck ? 'auto-ack' : ''}`)
    channel.get(queue, noAck)
  },

  purge: scene => {
    const [channel, queue] = [anyChannel(scene), anyQueue(scene)]
    if (channel === null || queue === null) return
    scene.world.tell(`${channel.client.name} > ${channel.number} purge ${queue.name}`)
    const most = queue.ready.length
    const least = scene.world.isDirty ? 0 : queue.certain.length - queue.gets
    channel.model.purge(queue)
    channel.send('queue.purge', { queue: queue.name, noWait: false })
    channel.expect(PURGE_OK, ({ method }) => {
      if (method.name === PURGE_OK)
        scene.world.requireBetween(`purged of ${queue.name}`, method.args.messageCount, [least, most])
    })
  },

  deleteQueue: async scene => {
    if (!(await scene.world.bury())) return
    const [channel, queue] = [anyChannel(scene), anyQueue(scene)]
    if (channel === null || queue === null) return
    scene.world.tell(`${channel.client.name} > ${channel.number} delete ${queue.name}`)
    deleteQueue(channel, queue)
  },

  inspect: scene => {
    const [channel, queue] = [anyChannel(scene), anyQueue(scene)]
    if (channel === null || queue === null) return
    const flags = { durable: false, exclusive: false, autoDelete: false, noWait: false, arguments: {} }
    channel.send('queue.declare', { queue: queue.name, passive: true, ...flags })
    channel.expect('queue.declare-ok')
  },

  qos: scene => {
    const channel = anyChannel(scene)
    if (channel === null) return
    const [prefetchCount, global] = [scene.draw.pick(scene.parameters.prefetches), scene.draw.chance(0.2)]
    channel.qos(prefetchCount, global)
    scene.world.tell(`${channel.client.name} > ${channel.number} qos ${prefetchCount} ${global ? 'global' : ''}`)
  },

  recover: scene => {
    const channel = anyChannel(scene)
    if (channel === null || scene.world.isDirty || channel.isGetting) return
    scene.world.tell(`${channel.client.name} > ${channel.number} recover`)
    requeue(channel.model, channel.take([...channel.held.keys()]))
    channel.send('basic.recover', { requeue: true })
    channel.expect('basic.recover-ok')
  },

  closeChannel: scene => {
    const channel = anyChannel(scene)
    // The broker answers what went before first, and holds the channel until then.
    if (channel === null || channel.isWaiting) return
    scene.world.tell(`${channel.client.name} > ${channel.number} close`)
    channel.client.closeChannel(channel, scene.world.isDirty)
    scene.world.openChannel(channel.client)
  },

  failChannel: scene => {
    const channel = anyChannel(scene)
    if (channel === null) return
    scene.world.tell(`${channel.client.name} > ${channel.number} fail`)
    channel.send('basic.ack', { deliveryTag: 1_000_000, multiple: false })
    channel.end(scene.world.isDirty)
    scene.world.openChannel(channel.client)
  },

  drop: async ({ world, draw }) => {
    const clients = world.clients.filter(({ isConnected }) => isConnected)
    if (clients.length === 0) return
    const client = draw.pick(clients)
    world.tell(`${client.name} drops`)
    await world.drop(client)
  },

  advance: ({ world, draw }) => world.advance(draw.pick(ADVANCES_MS)),

  policy: ({ world, draw, parameters }) => {
    if (draw.chance(0.3)) return world.setPolicy(null)
    const mayLimit = parameters.deadLetterExchanges.length === 1
    const definition = draw.pick<Record<string, string | number>>([
      ...(mayLimit ? [{ 'max-length': draw.pick(LIMITS) }] : []),
      { 'max-length': draw.pick(LIMITS), overflow: 'reject-publish' },
      { 'message-ttl': draw.pick(TTLS_MS) },
      { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'q1' },
    ])
    return world.setPolicy({ pattern: draw.pick(['.*', 'q[12]']), definition })
  },

  restart: ({ world }) => world.restart(),
  crash: ({ world }) => world.crash('power'),
  kill: ({ world }) => world.crash('kill'),

  fillDisk: ({ world }) => {
    world.tell(world.node.isFull ? 'the disk has room' : 'the disk is full')
    world.node.isFull = !world.node.isFull
  },

  faultDisk: ({ world, draw }) => {
    const [disk, code] = [
      draw.pick(['meta', 'queues', 'queues', 'transient'] as const),
      draw.pick(['EIO', 'ENOSPC'] as const),
    ]
    world.tell(`a fault is near on disk ${disk}: ${code}`)
    world.node.plantFault(disk, 20, code)
  },

  idle: ({ world }) => world.rest(),
}

export function queueNames({ queues }: Parameters): string[] {
  return Array.from({ length: queues }, (_, i) => `q${i + 1}`)
}

export function deleteQueue(channel: SimChannel, queue: ModelQueue): void {
  channel.model.delete(queue)
  channel.send('queue.delete', { queue: queue.name, ifUnused: false, ifEmpty: false, noWait: false })
  channel.expect('queue.delete-ok', () => channel.model.deleted(queue))
}

function declare(channel: SimChannel, name: string, scene: Scene): void {
  const { draw, parameters, world } = scene
  const durable = draw.chance(parameters.durableQueues)
  const args = queueArguments(scene)
  if (durable && draw.chance(parameters.quorumQueues)) args['x-queue-type'] = 'quorum'
  const queue = channel.model.declare(name, durable, args)
  world.tell(
    `${channel.client.name} > ${channel.number} declare ${name} ${durable ? 'durable' : ''} ${JSON.stringify(args)}`,
  )
  const flags = { passive: false, exclusive: false, autoDelete: false, noWait: false }
  channel.send('queue.declare', { queue: name, durable, ...flags, arguments: args })
  channel.expect('queue.declare-ok', () => {
    queue.isDeclared = true
  })
  const bindings = [
    { exchange: 'amq.fanout', routingKey: '' },
    { exchange: 'amq.topic', routingKey: draw.pick(TOPIC_PATTERNS) },
    { exchange: 'amq.direct', routingKey: draw.pick(DIRECT_KEYS) },
  ]
  for (const { exchange, routingKey } of bindings.filter(() => draw.chance(0.5))) {
    const binding = { exchange, routingKey, queue, isDeclared: false }
    channel.model.bindings.add(binding)
    channel.send('queue.bind', { queue: name, exchange, routingKey, noWait: false, arguments: {} })
    channel.expect('queue.bind-ok', () => {
      binding.isDeclared = true
    })
  }
}

function queueArguments({ draw, parameters }: Scene): Record<string, string | number | boolean> {
  const args: Record<string, string | number | boolean> = {}
  if (draw.chance(parameters.queuesWithTtl)) args['x-message-ttl'] = draw.pick(TTLS_MS)
  if (draw.chance(parameters.queuesWithLimit)) {
    if (draw.chance(0.7)) args['x-max-length'] = draw.pick(LIMITS)
    else args['x-max-length-bytes'] = draw.pick(LIMITS) * 100
    if (draw.chance(parameters.refusingQueues)) args['x-overflow'] = draw.pick(['reject-publish', 'reject-publish-dlx'])
  }
  if (draw.chance(parameters.queuesWithDeadLetters)) {
    args['x-dead-letter-exchange'] = draw.pick(parameters.deadLetterExchanges)
    if (draw.chance(0.8)) args['x-dead-letter-routing-key'] = draw.pick([...queueNames(parameters), ...DIRECT_KEYS])
  }
  if (draw.chance(parameters.queuesWithDeliveryLimit)) args['x-delivery-limit'] = draw.pick(DELIVERY_LIMITS)
  if (draw.chance(0.1)) args['x-single-active-consumer'] = true
  return args
}

function keyFor(exchange: string, { draw, parameters }: Scene): string {
  if (exchange === '') return draw.pick(queueNames(parameters))
  if (exchange === 'amq.topic') return draw.pick(TOPIC_KEYS)
  return draw.pick(DIRECT_KEYS)
}

function anyChannel({ world, draw }: Scene): SimChannel | null {
  const channels = world.clients.flatMap(({ usable }) => usable)
  return channels.length === 0 ? null : draw.pick(channels)
}

function anyQueue({ world, draw }: Scene): ModelQueue | null {
  const queues = [...world.model.queues.values()]
  return queues.length === 0 ? null : draw.pick(queues)
}

interface Held {
  readonly channel: SimChannel
  /** What the client says, 0 for all. */
  readonly tag: number
  /** What it means. */
  readonly tags: readonly number[]
  readonly multiple: boolean
}

/** Only what was heard is settled: tag 0 is used when nothing is on its way. */
function someHeld({ world, draw }: Scene): Held | null {
  const channels = world.clients.flatMap(({ usable }) => usable).filter(({ held }) => held.size > 0)
  if (channels.length === 0) return null
  const channel = draw.pick(channels)
  const all = [...channel.held.keys()].sort((a, b) => a - b)
  const tag = draw.pick(all)
  if (!draw.chance(0.4)) return { channel, tag, tags: [tag], multiple: false }
  if (!world.isDirty && !channel.isGetting && draw.chance(0.2)) return { channel, tag: 0, tags: all, multiple: true }
  return { channel, tag, tags: all.filter(other => other <= tag), multiple: true }
}
