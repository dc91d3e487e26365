/** A client of a simulation: keeps its side of the protocol, and tells the model what it sends and hears. */
import type { MethodArgs, MethodName } from '../../src/wire/methods.ts'
import type { Properties } from '../../src/wire/properties.ts'
import type { Heard, TestClient } from '../support/test-client.ts'
import type { Message, Model, Publish } from './model.ts'
import { type Death, type Entry, keyOf, type ModelConsumer, type ModelQueue } from './model-queue.ts'
import { left, requeue } from './model-returns.ts'
import { Violation } from './violation.ts'

type HeardMethod = Extract<Heard, { kind: 'method' }>

/** An answer that must come, and what to do then. Answers of one channel come in order. */
interface Expected {
  readonly names: readonly MethodName[]
  readonly then: (heard: HeardMethod) => void
  /** For `basic.get`: from where. */
  readonly get?: { readonly queue: ModelQueue; readonly noAck: boolean }
}

export class SimChannel {
  readonly number: number
  readonly client: SimClient
  readonly model: Model
  readonly isConfirming: boolean
  readonly consumers = new Map<string, ModelConsumer>()
  /** Deliveries that wait for a settlement, by tag. */
  readonly held = new Map<number, Entry>()
  readonly publishes = new Map<number, Publish>()
  prefetch = 0
  globalPrefetch = 0
  /** Nothing is sent any more; the server may still say something. */
  isClosed = false
  /** Messages that must come back because nobody takes them. */
  returns = 0
  readonly #expected: Expected[] = []
  #lastTag = 0
  #lastHeardTag = 0

  constructor(client: SimClient, number: number, isConfirming: boolean) {
    this.client = client
    this.model = client.model
    this.number = number
    this.isConfirming = isConfirming
  }

  get isWaiting(): boolean {
    return this.#expected.length > 0 || this.returns > 0
  }

  /** A `basic.get` has no answer yet: it may have taken a message all the same. */
  get isGetting(): boolean {
    return this.#expected.some(({ get }) => get !== undefined)
  }

  /** `prefetch` 0 = no bound, as a channel has it at first. */
  open(prefetch = 0): void {
    this.client.bytes.send(this.number, 'channel.open', {})
    this.expect('channel.open-ok')
    if (prefetch > 0) this.qos(prefetch, false)
    if (!this.isConfirming) return
    this.send('confirm.select', { noWait: false })
    this.expect('confirm.select-ok')
  }

  qos(prefetchCount: number, global: boolean): void {
    this.send('basic.qos', { prefetchSize: 0, prefetchCount, global })
    this.expect('basic.qos-ok')
    if (global) this.globalPrefetch = prefetchCount
    else {
      this.prefetch = prefetchCount
      this.globalPrefetch = 0
    }
  }

  send<N extends MethodName>(name: N, args: MethodArgs<N>): void {
    this.client.bytes.send(this.number, name, args)
  }

  expect(names: MethodName | readonly MethodName[], then: (heard: HeardMethod) => void = () => {}): void {
    this.#expected.push({ names: typeof names === 'string' ? [names] : names, then })
  }

  publish(message: Message & { mandatory: boolean }): void {
    const publish = this.model.publish(message)
    if (this.isConfirming) this.publishes.set(++this.#lastTag, publish)
    if (message.mandatory && publish.targets.length === 0) this.returns++
    const { exchange, routingKey, mandatory, persistent, ttlMs } = message
    const properties: Properties = { deliveryMode: persistent ? 2 : 1 }
    if (ttlMs !== Number.POSITIVE_INFINITY) properties.expiration = String(ttlMs)
    const body = Buffer.alloc(message.size, publish.id & 0xff)
    body.write(`${publish.id};`)
    this.client.bytes.publish(this.number, { exchange, routingKey, mandatory, properties, body })
  }

  consume(consumer: ModelConsumer): void {
    const { tag, queue, noAck } = consumer
    this.consumers.set(tag, consumer)
    queue.consumers.push(consumer)
    const flags = { noLocal: false, exclusive: false, noWait: false, arguments: {} }
    this.send('basic.consume', { queue: queue.name, consumerTag: tag, noAck, ...flags })
    this.expect('basic.consume-ok', () => {
      consumer.isAttached = true
    })
  }

  cancel(consumer: ModelConsumer): void {
    this.#forget(consumer)
    this.send('basic.cancel', { consumerTag: consumer.tag, noWait: false })
    this.expect('basic.cancel-ok')
  }

  get(queue: ModelQueue, noAck: boolean): void {
    queue.takenStep = this.model.step
    queue.gets++
    this.send('basic.get', { queue: queue.name, noAck })
    const then = (heard: HeardMethod): void => {
      queue.gets--
      queue.takenStep = this.model.step
      if (heard.method.name === 'basic.get-ok') this.#delivered(heard, queue, { consumer: null, noAck })
      else this.model.saidEmpty.add(queue)
    }
    this.#expected.push({ names: ['basic.get-ok', 'basic.get-empty'], then, get: { queue, noAck } })
  }

  /** Deliveries to one consumer that wait for a settlement. */
  heldBy(consumer: ModelConsumer): number {
    return [...this.held.values()].filter(({ holder }) => holder === consumer).length
  }

  /** Takes entries by their tags out of what is held. */
  take(tags: readonly number[]): Entry[] {
    return tags.map(tag => {
      const entry = this.held.get(tag)
      if (entry === undefined) throw new Error(`tag ${tag} is not held`)
      this.held.delete(tag)
      return entry
    })
  }

  /** The broker gives up whatever the channel holds. `unheard`: something may have been on its way to it. */
  end(unheard: boolean): void {
    this.isClosed = true
    for (const consumer of [...this.consumers.values()]) {
      left(this.model, consumer.queue, { unheard, noAck: consumer.noAck })
      this.#forget(consumer)
    }
    for (const { get } of this.#expected.splice(0)) {
      if (get === undefined) continue
      get.queue.gets--
      left(this.model, get.queue, { unheard: true, noAck: get.noAck })
    }
    requeue(this.model, [...this.held.values()])
    this.held.clear()
    this.publishes.clear()
    this.returns = 0
  }

  hear(heard: HeardMethod): void {
    const { method } = heard
    if (method.name === 'channel.close') this.#closedByServer(method.args)
    else if (this.isClosed) return
    else if (method.name === 'basic.deliver') this.#deliver(heard)
    else if (method.name === 'basic.ack') this.#confirm(method.args.deliveryTag, method.args.multiple, true)
    else if (method.name === 'basic.nack') this.#confirm(method.args.deliveryTag, method.args.multiple, false)
    else if (method.name === 'basic.cancel') this.#cancelled(method.args.consumerTag)
    else if (method.name === 'basic.return') this.#returned()
    else this.#answered(heard)
  }

  #closedByServer({ replyCode, replyText }: MethodArgs<'channel.close'>): void {
    if (!this.isClosed) throw new Violation(`channel closed: ${replyCode} ${replyText}`)
    this.send('channel.close-ok', {})
  }

  #deliver(heard: HeardMethod): void {
    const { consumerTag } = heard.method.args as MethodArgs<'basic.deliver'>
    const consumer = this.consumers.get(consumerTag)
    if (consumer === undefined) throw new Violation(`a delivery to consumer ${consumerTag}, which was never there`)
    this.#delivered(heard, consumer.queue, { consumer, noAck: consumer.noAck })
  }

  #delivered(
    heard: HeardMethod,
    queue: ModelQueue,
    { consumer, noAck }: { consumer: ModelConsumer | null; noAck: boolean },
  ): void {
    const { deliveryTag, redelivered, routingKey } = heard.method.args as MethodArgs<'basic.deliver'>
    if (deliveryTag <= this.#lastHeardTag) throw new Violation(`delivery tag ${deliveryTag} came late`)
    this.#lastHeardTag = deliveryTag
    const { body, properties } = heard.content!
    const key = keyOf(idOf(body), routingKey, deathsOf(properties))
    const hold = (entry: Entry): void => {
      entry.holder = consumer
      this.held.set(deliveryTag, entry)
      if (consumer === null || consumer.prefetch === 0 || this.heldBy(consumer) <= consumer.prefetch) return
      throw new Violation(`consumer ${consumer.tag} has more than its ${consumer.prefetch} messages`)
    }
    this.model.delivered({ queue, key, flagged: redelivered, by: consumer ?? this, hold: noAck ? null : hold })
  }

  #confirm(tag: number, multiple: boolean, accepted: boolean): void {
    const tags = multiple ? [...this.publishes.keys()].filter(other => other <= tag) : [tag]
    if (!this.publishes.has(tag)) throw new Violation(`publish ${tag} is confirmed, and was not waiting for it`)
    for (const each of tags) {
      const publish = this.publishes.get(each)!
      this.publishes.delete(each)
      if (accepted) this.model.confirmed(publish)
      else this.model.refused(publish)
    }
  }

  #cancelled(tag: string): void {
    const consumer = this.consumers.get(tag)
    if (consumer === undefined) throw new Violation(`consumer ${tag} is cancelled, and was never there`)
    this.#forget(consumer)
  }

  #returned(): void {
    if (this.returns === 0) throw new Violation('a message came back that had a queue')
    this.returns--
  }

  #answered(heard: HeardMethod): void {
    const expected = this.#expected.shift()
    if (expected === undefined || !expected.names.includes(heard.method.name)) {
      throw new Violation(`the server said ${heard.method.name} where ${expected?.names ?? 'nothing'} was due`)
    }
    expected.then(heard)
  }

  /** Its deliveries that are on their way are still told apart by its tag. */
  #forget(consumer: ModelConsumer): void {
    const { consumers } = consumer.queue
    consumer.queue.takenStep = this.model.step
    consumer.isCancelled = true
    consumer.isAttached = false
    if (consumers.includes(consumer)) consumers.splice(consumers.indexOf(consumer), 1)
  }
}

export class SimClient {
  readonly model: Model
  readonly bytes: TestClient
  readonly name: string
  readonly channels: SimChannel[] = []
  isConnected = true
  #lastChannel = 1

  /** Logs in at once. */
  constructor(name: string, model: Model, bytes: TestClient) {
    this.name = name
    this.model = model
    this.bytes = bytes
    const login = new SimChannel(this, 1, false)
    login.expect('channel.open-ok')
    this.channels.push(login)
    bytes.login()
  }

  /** Channels that may be used now. The server reads nothing from a client that it has blocked, or owes a `get-ok`. */
  get usable(): SimChannel[] {
    const isReading =
      this.isConnected && !this.bytes.socket.isPaused && !this.channels.some(({ isGetting }) => isGetting)
    return isReading ? this.channels.filter(({ isClosed }) => !isClosed) : []
  }

  openChannel(isConfirming: boolean, prefetch = 0): SimChannel {
    const channel = new SimChannel(this, ++this.#lastChannel, isConfirming)
    this.channels.push(channel)
    channel.open(prefetch)
    return channel
  }

  closeChannel(channel: SimChannel, unheard: boolean): void {
    channel.send('channel.close', { replyCode: 200, replyText: 'done', classId: 0, methodId: 0 })
    channel.end(unheard)
  }

  drop(unheard: boolean): void {
    this.bytes.socket.endFromClient()
    this.end(unheard)
  }

  /** The connection is over, from whatever side. */
  end(unheard: boolean): void {
    this.isConnected = false
    for (const channel of this.channels) if (!channel.isClosed) channel.end(unheard)
  }

  /** Takes what was heard; a line for each. */
  hear(): string[] {
    return this.bytes.take().map(heard => {
      if (this.isConnected) this.#hear(heard)
      return `${this.name} < ${told(heard)}`
    })
  }

  #hear(heard: Heard): void {
    if (heard.kind === 'closed') throw new Violation(`connection ${this.name} ended`)
    if (heard.kind !== 'method') return
    if (heard.channel === 0) {
      if (heard.method.name === 'connection.close') throw new Violation(`connection closed: ${told(heard)}`)
      return
    }
    const channel = this.channels.find(({ number }) => number === heard.channel)
    if (channel === undefined) throw new Violation(`something on channel ${heard.channel}, which was never open`)
    channel.hear(heard)
  }
}

function idOf(body: Buffer): number {
  const id = Number.parseInt(body.toString('latin1', 0, 12), 10)
  const head = `${id};`
  const isWhole = body.subarray(head.length).every(byte => byte === (id & 0xff))
  if (!isWhole || !body.toString('latin1').startsWith(head))
    throw new Violation(`a damaged body: ${body.subarray(0, 20)}`)
  return id
}

/** What a dead letter tells of itself [RabbitMQ `x-death`]. */
function deathsOf({ headers }: Properties): Death[] {
  const deaths = headers?.['x-death']
  if (!Array.isArray(deaths)) return []
  return (deaths as unknown as { queue: string; reason: Death['reason']; count: { value: string } }[]).map(death => ({
    queue: death.queue,
    reason: death.reason,
    count: Number(death.count.value ?? death.count),
  }))
}

function told(heard: Heard): string {
  if (heard.kind !== 'method') return heard.kind
  const { method, channel, content } = heard
  const args = JSON.stringify(method.args, (key, value) => (key === 'serverProperties' ? undefined : value))
  const body =
    content === undefined ? '' : ` ${content.body.toString('latin1', 0, 8).split(';')[0]}:${content.body.length}`
  return `${channel} ${method.name} ${args}${body}`
}
