/** A channel: what one client conversation holds, and how its answers, returns and errors reach the wire. */

import { DEFAULT_EXCHANGE_NAME, type Permission } from '../access/access.ts'
import type { Broker } from '../broker.ts'
import { HELD_REPLIES_MAX } from '../limits.ts'
import type { Arrival } from '../queue/intake.ts'
import { isRedelivered, type Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { gotWire } from '../vhost/delivered-wire.ts'
import type { Route } from '../vhost/route-cache.ts'
import type { Vhost } from '../vhost/vhost.ts'
import type { VhostExchange } from '../vhost/vhost-exchange.ts'
import { encodeMethodFrame } from '../wire/codec.ts'
import { ChannelError } from '../wire/errors.ts'
import type { MethodArgs, MethodName } from '../wire/methods.ts'
import { Assembly } from './assembly.ts'
import { Confirms } from './confirms.ts'
import type { Connection } from './connection.ts'
import type { ChannelConsumer } from './consumer.ts'
import { contentOf } from './content-frames.ts'
import { type Fill, HeldReplies } from './held-replies.ts'
import { Publisher } from './publisher.ts'
import type { ReplyConsumer } from './replies.ts'
import { channelClosed, consumerDeleted } from './session-events.ts'
import type { Transaction } from './transaction.ts'
import { type Holder, Unacked } from './unacked.ts'

export class Channel {
  readonly connection: Connection
  readonly number: number
  readonly vhost: Vhost
  readonly broker: Broker
  /** Takes what is published. */
  readonly assembly: Assembly
  readonly unacked = new Unacked()
  readonly consumers = new Map<string, ChannelConsumer>()
  confirms: Confirms | null = null
  transaction: Transaction | null = null
  replyConsumer: ReplyConsumer | null = null
  /** We have sent `channel.close`: everything but its answer is ignored. */
  closing = false
  lastDeliveryTag = 0
  /** Prefetch of the consumers to come, and of the whole channel; 0 = no bound. */
  prefetchCount = 0
  globalPrefetchCount = 0
  /** What an empty queue name stands for [AMQP 1.7.2.1]. */
  lastQueueName = ''
  readonly #held = new HeldReplies()
  /** Who holds what `basic.get` took, for each queue. */
  readonly #getters = new WeakMap<Queue, Holder>()

  constructor(connection: Connection, number: number, vhost: Vhost) {
    this.connection = connection
    this.number = number
    this.vhost = vhost
    this.broker = connection.broker
    this.assembly = new Assembly(new Publisher(this), connection.frameMax)
  }

  get confirming(): boolean {
    return this.confirms !== null
  }

  get transactional(): boolean {
    return this.transaction !== null
  }

  get unacknowledged(): number {
    return this.unacked.live - this.unacked.held
  }

  get unconfirmed(): number {
    return this.confirms?.waiting ?? 0
  }

  get userName(): string {
    return this.connection.user
  }

  /** Sends at once. */
  send<N extends MethodName>(name: N, args: MethodArgs<N>): void {
    this.connection.outbox.write(encodeMethodFrame(this.number, name, args))
  }

  /** Answers a method; answers keep the order of their methods. */
  reply<N extends MethodName>(name: N, args: MethodArgs<N>): void {
    this.answer(() => this.send(name, args))
  }

  /** Answers a method once every definition changed so far is durable. */
  replyDurable<N extends MethodName>(name: N, args: MethodArgs<N>): void {
    const fill = this.reserveAnswer()
    this.broker.definitions.whenStable(() => fill(() => this.send(name, args)))
  }

  /** Does `action` in its place among the answers. */
  answer(action: () => void): void {
    this.#held.answer(action)
  }

  /** Keeps a place among the answers. Too many of them hold up the connection. */
  reserveAnswer(): Fill {
    const fill = this.#held.reserve()
    if (this.#held.count > HELD_REPLIES_MAX) this.connection.pause(this)
    return answer => {
      fill(answer)
      if (this.#held.count <= HELD_REPLIES_MAX / 2) this.connection.resume(this)
    }
  }

  /** Starts confirms; they number the publishes from here. */
  selectConfirms(): void {
    this.confirms ??= new Confirms(this.broker.turn, (deliveryTag, multiple, refused) => {
      if (this.closing) return
      if (refused) this.send('basic.nack', { deliveryTag, multiple, requeue: false })
      else this.send('basic.ack', { deliveryTag, multiple })
    })
  }

  /** `basic.return` of a message that found no queue. */
  returnMessage(arrival: Arrival): void {
    const { exchange, routingKey, frames } = contentOf(arrival, this.number, this.connection.frameMax)
    this.send('basic.return', { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey })
    this.connection.outbox.write(frames)
  }

  /** `basic.get-ok` as bytes: the log's own may be gone when the answer's turn comes. */
  getOk(bytes: Buffer, message: Message, queue: Queue): Buffer {
    const { messagesReady: messageCount } = queue
    const wire = gotWire(bytes, message, queue)
    const { exchange, routingKey, frames } = contentOf(wire, this.number, this.connection.frameMax)
    const redelivered = isRedelivered(message.sized)
    this.vhost.traffic.trace?.delivered(wire, queue, redelivered, this)
    const args = { deliveryTag: this.lastDeliveryTag, redelivered, exchange, routingKey, messageCount }
    return Buffer.concat([encodeMethodFrame(this.number, 'basic.get-ok', args), frames])
  }

  /** @throws ChannelError 403. */
  assertMay(permission: Permission, kind: 'queue' | 'exchange', name: string): void {
    if (this.broker.access.can(this.userName, this.vhost.name, permission, name)) return
    const shown = name === '' ? DEFAULT_EXCHANGE_NAME : name
    throw new ChannelError(
      'ACCESS_REFUSED',
      `access to ${kind} '${shown}' in vhost '${this.vhost.name}' refused for user '${this.userName}'`,
    )
  }

  /** @throws ChannelError 403. */
  assertMayPublish({ exchange, routingKey }: Route): void {
    this.assertMay('write', 'exchange', exchange.name)
    this.assertMayPublishTo(exchange, [routingKey])
  }

  /** A publish writes to every topic that it names, by `CC` and `BCC` too. @throws ChannelError 403. */
  assertMayPublishTo({ name, exchange }: VhostExchange, routingKeys: readonly string[]): void {
    if (exchange.type !== 'topic') return
    for (const routingKey of routingKeys) this.#assertMayTopic('write', name, routingKey)
  }

  /** A binding reads the topic that its routing key names. @throws ChannelError 403. */
  assertMayBindTopic(exchange: string, routingKey: string): void {
    const source = this.vhost.exchanges.get(exchange)
    if (source?.exchange.type === 'topic') this.#assertMayTopic('read', exchange, routingKey)
  }

  #assertMayTopic(permission: 'read' | 'write', exchange: string, routingKey: string): void {
    const topic = { user: this.userName, vhost: this.vhost.name, exchange }
    if (this.broker.access.canTopic(topic, permission, routingKey)) return
    throw new ChannelError(
      'ACCESS_REFUSED',
      `access to topic '${routingKey}' in exchange '${exchange}' in vhost '${this.vhost.name}' refused for user '${this.userName}'`,
    )
  }

  /** The queue that a method names; an empty name is the last one declared. @throws ChannelError 404, 405. */
  queue(name: string): Queue {
    return this.vhost.queue(this.queueName(name), this.connection)
  }

  /** What a method's queue name stands for. @throws ChannelError 404 when it is empty and none was declared. */
  queueName(name: string): string {
    const meant = name === '' ? this.lastQueueName : name
    if (meant === '') throw new ChannelError('NOT_FOUND', 'no previously declared queue')
    return meant
  }

  /** Holds what `basic.get` takes from a queue: one for all messages, since some may be held for long. */
  getterOf(queue: Queue): Holder {
    const known = this.#getters.get(queue)
    if (known !== undefined) return known
    const getter = { queue, unacked: 0, released: () => {} }
    this.#getters.set(queue, getter)
    return getter
  }

  /** A consumer's queue is gone. The client hears of it together with the answer to a `queue.delete`, not before. */
  consumerCancelled(consumer: ChannelConsumer): void {
    this.consumers.delete(consumer.tag)
    consumerDeleted(consumer)
    if (!this.connection.wantsCancelNotify) return
    this.broker.definitions.whenStable(() => {
      if (!this.closing) this.reply('basic.cancel', { consumerTag: consumer.tag, noWait: true })
    })
  }

  /** Room in the global prefetch may let any consumer of the channel go on. */
  wakeConsumers(): void {
    for (const consumer of this.consumers.values()) consumer.queue.wake()
  }

  /** Takes the consumers off their queues; what they held stays unsettled. */
  cancelConsumers(): void {
    const consumers = [...this.consumers.values()]
    this.consumers.clear()
    for (const consumer of consumers) {
      consumerDeleted(consumer)
      consumer.queue.removeConsumer(consumer)
    }
  }

  /** Takes the replies of the channel from now on, or with null nobody. */
  setReplyConsumer(consumer: ReplyConsumer | null): void {
    if (this.replyConsumer !== null) this.broker.replies.remove(this.replyConsumer)
    this.replyConsumer = consumer
    if (consumer !== null) this.broker.replies.add(consumer)
  }

  /** Nobody hears the answers that wait. */
  forgetAnswers(): void {
    this.#held.clear()
  }

  /** Ends the channel's hold on everything; answers to what was done before still go out. */
  release(): void {
    if (!this.closing) channelClosed(this)
    this.closing = true
    this.connection.resume(this)
    if (this.confirms !== null) this.broker.forgetConfirms(this.confirms)
    this.cancelConsumers()
    this.setReplyConsumer(null)
    this.transaction?.rollback()
    this.unacked.requeueAll()
  }
}
