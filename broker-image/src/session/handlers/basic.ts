/** Class `basic` [AMQP 1.8] but for publish, which the connection hands to the publisher without decoding it. */
import { randomBytes } from 'node:crypto'
import type { Arguments, ArgumentValue } from '../../definitions/model.ts'
import { amqpType } from '../../queue/arguments.ts'
import { integerIn } from '../../queue/integer.ts'
import type { Message } from '../../queue/message.ts'
import type { Queue } from '../../queue/queue.ts'
import { REPLY_QUEUE } from '../../vhost/reply-address.ts'
import { ChannelError, ConnectionError } from '../../wire/errors.ts'
import type { MethodArgs } from '../../wire/methods.ts'
import type { Channel } from '../channel.ts'
import { ChannelConsumer } from '../consumer.ts'
import { ReplyConsumer } from '../replies.ts'
import { consumerCreated, consumerDeleted } from '../session-events.ts'
import type { Handlers } from './handler.ts'

type BasicMethod =
  | 'basic.qos'
  | 'basic.consume'
  | 'basic.cancel'
  | 'basic.get'
  | 'basic.ack'
  | 'basic.reject'
  | 'basic.nack'
  | 'basic.recover'
  | 'basic.recover-async'

const GENERATED_TAG_BYTES = 16

export const basicHandlers: Handlers<BasicMethod> = {
  'basic.qos': (channel, { prefetchSize, prefetchCount, global }) => {
    if (prefetchSize !== 0) throw new ConnectionError('NOT_IMPLEMENTED', `prefetch_size!=0 (${prefetchSize})`)
    if (global) channel.globalPrefetchCount = prefetchCount
    else {
      channel.prefetchCount = prefetchCount
      channel.globalPrefetchCount = 0
    }
    channel.wakeConsumers()
    channel.reply('basic.qos-ok', {})
  },

  'basic.consume': (channel, args) => {
    if (args.queue === REPLY_QUEUE) {
      consumeReplies(channel, args)
      return
    }
    const queue = channel.queue(args.queue)
    channel.assertMay('read', 'queue', queue.name)
    assertMayConsume(channel, queue, args)
    const tag = args.consumerTag === '' ? generatedTag() : args.consumerTag
    const { noAck, exclusive } = args
    const spec = { tag, noAck, exclusive, priority: priorityOf(queue, args), arguments: args.arguments as Arguments }
    const consumer = new ChannelConsumer(channel, queue, spec)
    channel.consumers.set(tag, consumer)
    queue.addConsumer(consumer)
    consumerCreated(consumer)
    // Deliveries must not overtake the answer.
    channel.answer(() => {
      if (!args.noWait) channel.send('basic.consume-ok', { consumerTag: tag })
      consumer.start()
    })
  },

  'basic.cancel': (channel, { consumerTag, noWait }) => {
    const consumer = channel.consumers.get(consumerTag)
    channel.consumers.delete(consumerTag)
    if (consumer !== undefined) {
      consumer.queue.removeConsumer(consumer)
      consumerDeleted(consumer, channel.userName)
    } else if (channel.replyConsumer?.tag === consumerTag) channel.setReplyConsumer(null)
    if (!noWait) channel.reply('basic.cancel-ok', { consumerTag })
  },

  'basic.get': (channel, args) => {
    const queue = channel.queue(args.queue)
    channel.assertMay('read', 'queue', queue.name)
    channel.connection.getBegins()
    // A message is taken when its answer may go out: deliveries to consumers must not overtake its delivery tag.
    channel.answer(() => get(channel, queue, args.noAck))
  },

  'basic.ack': (channel, { deliveryTag, multiple }) => {
    if (channel.transaction !== null) {
      channel.transaction.settle('ack', deliveryTag, multiple)
      return
    }
    channel.unacked.acknowledge(deliveryTag, multiple)
    if (channel.globalPrefetchCount !== 0) channel.wakeConsumers()
  },

  'basic.reject': (channel, { deliveryTag, requeue }) => refuse(channel, deliveryTag, false, requeue),

  'basic.nack': (channel, { deliveryTag, multiple, requeue }) => refuse(channel, deliveryTag, multiple, requeue),

  'basic.recover': (channel, { requeue }) => {
    recover(channel, requeue)
    channel.reply('basic.recover-ok', {})
  },

  'basic.recover-async': (channel, { requeue }) => recover(channel, requeue),
}

function get(channel: Channel, queue: Queue, noAck: boolean): void {
  const { connection } = channel
  const place = channel.reserveAnswer()
  const fill = (answer: () => void): void =>
    place(() => {
      answer()
      connection.getEnds()
    })
  const send = (bytes: Buffer | null, message: Message): void => {
    if (bytes === null) {
      fill(() => {
        if (!channel.closing) channel.send('basic.get-empty', {})
      })
      return
    }
    channel.lastDeliveryTag++
    if (!noAck) channel.unacked.add(channel.lastDeliveryTag, channel.getterOf(queue), message)
    const frames = channel.getOk(bytes, message, queue)
    fill(() => connection.outbox.write(frames))
  }
  queue.get(noAck, send, () => channel.closing)
}

function refuse(channel: Channel, deliveryTag: number, multiple: boolean, requeue: boolean): void {
  if (channel.transaction !== null) {
    channel.transaction.settle(requeue ? 'requeue' : 'discard', deliveryTag, multiple)
    return
  }
  channel.unacked.refuse(deliveryTag, multiple, requeue)
  if (channel.globalPrefetchCount !== 0) channel.wakeConsumers()
}

function recover(channel: Channel, requeue: boolean): void {
  if (!requeue) throw new ConnectionError('NOT_IMPLEMENTED', 'requeue=false')
  channel.unacked.requeueAll()
}

/** @throws ConnectionError 530 for a tag in use, ChannelError 403 where an exclusive consumer stands in the way. */
function assertMayConsume(channel: Channel, queue: Queue, args: MethodArgs<'basic.consume'>): void {
  assertNewTag(channel, args.consumerTag)
  const { consumers } = queue
  const resource = `queue '${queue.name}' in vhost '${queue.vhost}'`
  if (consumers.hasExclusive || (args.exclusive && (consumers.singleActive || consumers.count > 0))) {
    throw new ChannelError('ACCESS_REFUSED', `${resource} in exclusive use`)
  }
}

/** @throws ConnectionError 530 for a tag in use. */
function assertNewTag(channel: Channel, tag: string): void {
  if (tag === '' || !channel.consumers.has(tag)) return
  throw new ConnectionError('NOT_ALLOWED', `attempt to reuse consumer tag '${tag}'`)
}

/** @throws ConnectionError 530 for a tag in use, ChannelError 406 for replies that need a settlement, or have a taker. */
function consumeReplies(channel: Channel, { consumerTag, noAck, noWait }: MethodArgs<'basic.consume'>): void {
  assertNewTag(channel, consumerTag)
  if (!noAck) throw new ChannelError('PRECONDITION_FAILED', 'reply consumer cannot acknowledge')
  if (channel.replyConsumer !== null) throw new ChannelError('PRECONDITION_FAILED', 'reply consumer already set')
  const tag = consumerTag === '' ? generatedTag() : consumerTag
  channel.setReplyConsumer(new ReplyConsumer(channel, tag))
  if (!noWait) channel.reply('basic.consume-ok', { consumerTag: tag })
}

/** @throws ChannelError 406 when `x-priority` is no integer. */
function priorityOf(queue: Queue, args: MethodArgs<'basic.consume'>): number {
  const priority = (args.arguments['x-priority'] ?? 0) as ArgumentValue
  const integer = integerIn(priority)
  if (integer !== undefined) return Number(integer)
  const problem = `"expected integer, got ${amqpType(priority)}"`
  throw new ChannelError(
    'PRECONDITION_FAILED',
    `invalid arg 'x-priority' for queue '${queue.name}' in vhost '${queue.vhost}': ${problem}`,
  )
}

const generatedTag = (): string => `amq.ctag-${randomBytes(GENERATED_TAG_BYTES).toString('base64url')}`
