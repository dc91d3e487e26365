/** One life of a broker under load: publishes to two queues at once, consumes and acks, and tells the models. */
import { setImmediate as turn } from 'node:timers/promises'
import { type Channel, type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib'
import type { QueueModel } from './queue-model.ts'

export const QUEUES = ['left', 'right'] as const
const EXCHANGE = 'both'
const UNCONFIRMED_MAX = 2000
const PREFETCH = 200
const LARGE_BODY = 300_000
const READ_MS_MAX = 20_000

export type Models = Record<(typeof QUEUES)[number], QueueModel>

/** A seeded source of numbers from 0 to below 1 (xorshift32). */
export function randomFrom(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

/** The next sequence number, over all lives. */
export type Counter = { next: number }

/** Opens a connection whose end by a kill is no surprise. */
async function open(url: string): Promise<ChannelModel> {
  const connection = await connect(url)
  connection.on('error', () => {})
  return connection
}

/** Resolves when nothing more can arrive. */
function closed(connection: ChannelModel): Promise<void> {
  return new Promise(resolve => connection.once('close', () => resolve()))
}

export async function declareTopology(url: string): Promise<void> {
  const connection = await open(url)
  const channel = await connection.createChannel()
  await channel.assertExchange(EXCHANGE, 'fanout', { durable: true })
  for (const queue of QUEUES) {
    await channel.assertQueue(queue, { durable: true })
    await channel.bindQueue(queue, EXCHANGE, '')
  }
  await connection.close()
}

/**
 * Loads the broker until it dies. "left" is consumed on the channel that publishes, so that a later confirm proves an
 * ack durable; "right" on a connection of its own, with some messages put back. Resolves when both connections are over.
 */
export async function load(url: string, models: Models, counter: Counter, random: () => number): Promise<void> {
  const ends: Promise<void>[] = []
  const refusals: unknown[] = []
  let alive = true
  const opened = async () => {
    const connection = await open(url)
    ends.push(
      closed(connection).then(() => {
        alive = false
      }),
    )
    return connection
  }
  const prepared = async <T extends Channel>(channel: T): Promise<T> => {
    channel.on('error', error => refusals.push(error))
    await channel.prefetch(PREFETCH)
    return channel
  }
  try {
    const left = await prepared(await (await opened()).createConfirmChannel())
    const right = await prepared(await (await opened()).createChannel())
    const publishing = { count: 0 }
    await consume(left, 'left', models.left, { random, requeue: 0, publishes: () => publishing.count })
    await consume(right, 'right', models.right, { random, requeue: 0.05, publishes: () => Number.POSITIVE_INFINITY })
    await publish(left, models, { counter, random, publishing, alive: () => alive })
  } catch (error) {
    if (!isEnded(error)) throw error
  }
  await Promise.all(ends)
  if (refusals.length > 0) throw refusals[0]
}

/** What amqplib throws on a connection that the kill has ended, or never let begin. */
function isEnded(error: unknown): boolean {
  return error instanceof Error && /clos(ed|ing)|ended|ECONN|EPIPE/i.test(`${error.name} ${error.message}`)
}

type Publishing = {
  readonly counter: Counter
  readonly random: () => number
  readonly publishing: { count: number }
  readonly alive: () => boolean
}

async function publish(channel: ConfirmChannel, models: Models, state: Publishing): Promise<void> {
  const { counter, random, publishing, alive } = state
  let unconfirmed = 0
  while (alive()) {
    const burst = unconfirmed > UNCONFIRMED_MAX ? 0 : 1 + Math.floor(random() * 40)
    for (let i = 0; i < burst; i++) {
      const sequence = counter.next++
      const nth = ++publishing.count
      for (const queue of QUEUES) models[queue].published(sequence)
      unconfirmed++
      channel.publish(EXCHANGE, '', bodyOf(sequence, random), { persistent: true }, error => {
        unconfirmed--
        if (!error) for (const queue of QUEUES) models[queue].confirmed(sequence, nth)
      })
    }
    await turn()
  }
}

/** `SEQUENCE:LENGTH:` and then as many letters; now and then a body of several frames. */
function bodyOf(sequence: number, random: () => number): Buffer {
  const length = random() < 0.002 ? LARGE_BODY : Math.floor(random() * random() * 2000)
  return Buffer.from(`${sequence}:${length}:${'x'.repeat(length)}`)
}

/** The sequence number of a message whose body is whole; throws if it is not. */
export function sequenceOf(message: ConsumeMessage): number {
  const text = message.content.toString('latin1')
  const match = /^(\d+):(\d+):(x*)$/.exec(text)
  if (match === null || Number(match[2]) !== match[3]!.length) throw new Error(`a damaged body: ${text.slice(0, 60)}`)
  return Number(match[1])
}

type Consuming = {
  readonly random: () => number
  /** The share of messages that are put back instead of acked. */
  readonly requeue: number
  readonly publishes: () => number
}

/** Acks about half of what comes at once, and lets the rest gather for an ack of several; some are never acked. */
async function consume(channel: Channel, queue: string, model: QueueModel, how: Consuming): Promise<void> {
  const { random, requeue, publishes } = how
  let gathered: ConsumeMessage[] = []
  const settleAll = (last: ConsumeMessage) => {
    for (const each of gathered) model.acked(sequenceOf(each), publishes())
    gathered = []
    channel.ack(last, true)
  }
  await channel.consume(queue, message => {
    if (message === null) return
    if (random() < requeue) {
      channel.nack(message, false, true)
    } else if (random() < 0.5) {
      model.acked(sequenceOf(message), publishes())
      channel.ack(message)
    } else {
      gathered.push(message)
      if (gathered.length >= PREFETCH / 2) settleAll(message)
    }
  })
}

/** The sequence numbers of a queue in order, and those of them that were acked while reading. */
export type Contents = { readonly found: number[]; readonly acked: number[] }

/**
 * Reads a whole queue. The messages go back when the connection closes, but of a queue longer than `lengthMax` the first
 * half is acked, so that queues do not grow over the lives. Throws if the queue delivers less than it counts.
 */
export async function contents(url: string, queue: string, lengthMax = Number.POSITIVE_INFINITY): Promise<Contents> {
  const connection = await open(url)
  const channel = await connection.createChannel()
  const { messageCount } = await channel.checkQueue(queue)
  const messages = messageCount > 0 ? await firstOf(channel, queue, messageCount) : []
  const found = messages.map(sequenceOf)
  const acked = messageCount > lengthMax ? found.slice(0, messageCount / 2) : []
  if (acked.length > 0) channel.ack(messages[acked.length - 1]!, true)
  await connection.close()
  return { found, acked }
}

function firstOf(channel: Channel, queue: string, count: number): Promise<ConsumeMessage[]> {
  const messages: ConsumeMessage[] = []
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`${queue} counts ${count} messages and delivers ${messages.length}`))
    const timer = setTimeout(late, READ_MS_MAX)
    const take = (message: ConsumeMessage | null) => {
      if (message === null) return
      messages.push(message)
      if (messages.length < count) return
      clearTimeout(timer)
      resolve(messages)
    }
    channel.consume(queue, take).catch(reject)
  })
}
