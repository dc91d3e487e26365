/** Class `queue` [AMQP 1.7]. */
import { randomBytes } from 'node:crypto'
import type { Arguments } from '../../definitions/model.ts'
import type { Queue } from '../../queue/queue.ts'
import { notFound, refuseUnnamed } from '../../vhost/checks.ts'
import { REPLY_QUEUE } from '../../vhost/reply-address.ts'
import type { MethodArgs } from '../../wire/methods.ts'
import type { Channel } from '../channel.ts'
import type { Handlers } from './handler.ts'

type QueueMethod = 'queue.declare' | 'queue.bind' | 'queue.unbind' | 'queue.purge' | 'queue.delete'

/** Random bytes in a name that the server makes, as RabbitMQ has it. */
const GENERATED_NAME_BYTES = 16

export const queueHandlers: Handlers<QueueMethod> = {
  'queue.declare': (channel, args) => {
    if (args.queue.startsWith(REPLY_QUEUE)) {
      declareReplies(channel, args)
      return
    }
    const queue = args.passive ? channel.queue(args.queue) : declare(channel, args)
    channel.lastQueueName = queue.name
    if (args.noWait) return
    const ok = { queue: queue.name, messageCount: queue.messagesReady, consumerCount: queue.consumers.count }
    if (queue.durable && !args.passive) channel.replyDurable('queue.declare-ok', ok)
    else channel.reply('queue.declare-ok', ok)
  },

  'queue.bind': (channel, args) => {
    channel.vhost.bind(bindingOf(channel, args), channel.connection)
    if (!args.noWait) channel.replyDurable('queue.bind-ok', {})
  },

  'queue.unbind': (channel, args) => {
    const name = channel.queueName(args.queue)
    channel.assertMay('write', 'queue', name)
    // Nothing is bound to a queue that is not there, so there is nothing to do.
    if (channel.vhost.queues.has(name)) channel.vhost.unbind(bindingOf(channel, args), channel.connection)
    channel.replyDurable('queue.unbind-ok', {})
  },

  'queue.purge': (channel, args) => {
    const queue = channel.queue(args.queue)
    channel.assertMay('read', 'queue', queue.name)
    const messageCount = queue.purge()
    if (!args.noWait) channel.reply('queue.purge-ok', { messageCount })
  },

  'queue.delete': (channel, args) => {
    const name = channel.queueName(args.queue)
    channel.assertMay('configure', 'queue', name)
    const messageCount = channel.vhost.queues.has(name) ? channel.vhost.deleteQueue(channel.queue(name), args) : 0
    if (!args.noWait) channel.replyDurable('queue.delete-ok', { messageCount })
  },
}

/** An address for replies passes for a queue, so that a replier can ask whether anybody still listens [RabbitMQ]. */
function declareReplies(channel: Channel, { queue, noWait }: MethodArgs<'queue.declare'>): void {
  if (!channel.broker.replies.has(queue)) throw notFound('queue', queue, channel.vhost.name)
  channel.lastQueueName = queue
  if (!noWait) channel.reply('queue.declare-ok', { queue, messageCount: 0, consumerCount: 1 })
}

function declare(channel: Channel, args: MethodArgs<'queue.declare'>): Queue {
  const generated = args.queue === ''
  if (generated) refuseUnnamed(args.arguments as Arguments)
  else channel.vhost.refuseReservedQueueName(args.queue)
  const name = generated ? `amq.gen-${randomBytes(GENERATED_NAME_BYTES).toString('base64url')}` : args.queue
  channel.assertMay('configure', 'queue', name)
  const { durable, autoDelete, exclusive } = args
  const spec = { name, durable, autoDelete, exclusive, arguments: args.arguments as Arguments }
  const deadLetterExchange = spec.arguments['x-dead-letter-exchange']
  if (typeof deadLetterExchange === 'string') {
    channel.assertMay('read', 'queue', name)
    channel.assertMay('write', 'exchange', deadLetterExchange)
  }
  return channel.vhost.declareQueue(spec, exclusive ? channel.connection : null)
}

function bindingOf(channel: Channel, args: Omit<MethodArgs<'queue.bind'>, 'noWait'>) {
  const queue = channel.queue(args.queue)
  channel.assertMay('write', 'queue', queue.name)
  channel.assertMay('read', 'exchange', args.exchange)
  channel.assertMayBindTopic(args.exchange, args.routingKey)
  const routingKey = args.queue === '' && args.routingKey === '' ? queue.name : args.routingKey
  return {
    source: args.exchange,
    destination: queue.name,
    destinationType: 'queue',
    routingKey,
    arguments: args.arguments,
  } as const
}
