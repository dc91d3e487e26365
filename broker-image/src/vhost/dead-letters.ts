/**
 * Dead letters: a message that expired, was rejected or fell over a limit goes on to its queue's dead-letter exchange
 * with the story of its deaths in `x-death` [RabbitMQ `dlx`, `rabbit_dead_letter.erl`].
 */

import type { Arrival } from '../queue/intake.ts'
import type { DeathReason } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import type { WireBytes } from '../queue/wire-bytes.ts'
import type { RoutedMessage } from '../routing/exchange.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import type { Properties } from '../wire/properties.ts'
import { moveAndKeep } from './held/keep.ts'
import type { HoldingContext } from './held/site.ts'
import type { Vhost } from './vhost.ts'
import { encodeWireForm, readWireForm, type WireParts } from './wire-form.ts'

/** Delivery mode of a message that is kept: also of one that dies in a queue which is not. */
const PERSISTENT = 2

export interface DeadLetterContext extends Pick<HoldingContext, 'clock' | 'intake'> {
  readonly vhosts: ReadonlyMap<string, Vhost>
}

/** A message that dies. */
export interface Death {
  readonly queue: Queue
  readonly dead: WireBytes
  readonly reason: DeathReason
  /** Ends it in its queue. */
  readonly settle: () => void
}

/**
 * Sends one message on. False when the exchange is missing, no queue takes it or all refuse it: at most once, it is
 * lost then, as in RabbitMQ. Where the queue keeps its dead, it goes to all queues of its route or to none. It is settled
 * first, in the same batch of the log: a queue that is full sends dead letters of its own once it has this one.
 */
export function deadLetter(context: DeadLetterContext, { queue, dead, reason, settle }: Death): boolean {
  const { deadLetterExchange, deadLetterRoutingKey: newKey, keepsDead } = queue.settings
  const vhost = context.vhosts.get(queue.vhost)
  const exchange = deadLetterExchange === undefined ? undefined : vhost?.exchanges.get(deadLetterExchange)
  if (vhost === undefined || exchange === undefined) return false
  const original = readWireForm(dead)
  const headers = withDeath(original, queue, reason, context.clock.now())
  if (newKey !== undefined) delete headers['CC']
  const { expiration: _, ...kept } = original.properties
  const keys = newKey === undefined ? [original.routingKey, ...carbonCopies(headers)] : [newKey]
  const message: RoutedMessage = { routingKeys: keys, properties: { ...kept, headers } }
  const routed = vhost.traffic.queuesFor(exchange, message)
  const wanted = reason === 'rejected' ? routed : routed.filter(target => !isCycle(target.name, headers))
  const arrival = arrivalOf(original, exchange.name, keys[0]!, message.properties)
  const queues = wanted.filter(target => !target.refuses(arrival.size))
  if (keepsDead && queues.length < wanted.length) {
    for (const target of wanted) if (!queues.includes(target)) target.dead.tellOfRoom(queue.dead)
    return false
  }
  if (queues.length === 0 && message.keepers === undefined) return false
  moveAndKeep(context, { arrival, queues, message }, settle)
  return true
}

function arrivalOf(original: WireParts, exchange: string, routingKey: string, properties: Properties): Arrival {
  const wire = encodeWireForm({ exchange, routingKey, properties, bodyFrames: original.bodyFrames })
  const persistent = properties.deliveryMode === PERSISTENT
  return { ...wire, start: 0, end: wire.source.length, persistent, ttlMs: Number.POSITIVE_INFINITY }
}

/** The headers with this death first in `x-death`: a death of the same queue and reason is counted up instead. */
function withDeath(original: WireParts, queue: Queue, reason: DeathReason, nowMs: number): FieldTable {
  const headers: FieldTable = { ...original.properties.headers }
  const deaths = Array.isArray(headers['x-death']) ? headers['x-death'] : []
  const same = deaths.find(death => isDeathOf(death, queue.name, reason)) as FieldTable | undefined
  const others = deaths.filter(death => !isDeathOf(death, queue.name, reason))
  const entry = same === undefined ? newDeath(original, queue, reason, nowMs) : countedUp(same)
  if (headers['x-death'] === undefined) {
    headers['x-first-death-exchange'] = original.exchange
    headers['x-first-death-queue'] = queue.name
    headers['x-first-death-reason'] = reason
  }
  headers['x-death'] = [entry, ...others]
  return headers
}

function newDeath(original: WireParts, queue: Queue, reason: DeathReason, nowMs: number): FieldTable {
  const { expiration, headers } = original.properties
  return {
    count: long(1n),
    reason,
    queue: queue.name,
    time: { '!': 'timestamp', value: Math.floor(nowMs / 1000) },
    exchange: original.exchange,
    'routing-keys': [original.routingKey, ...carbonCopies(headers ?? {})],
    ...(expiration === undefined ? {} : { 'original-expiration': expiration }),
  }
}

function countedUp(death: FieldTable): FieldTable {
  return { ...death, count: long(countOf(death) + 1n) }
}

/** A publisher may have sent anything as `x-death`. */
function countOf(death: FieldTable): bigint {
  const count = death['count']
  if (isTable(count) && count['!'] === 'int64') return BigInt(String(count['value']))
  return Number.isInteger(count) ? BigInt(count as number) : 0n
}

const isTable = (value: FieldValue | undefined): value is FieldTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** RabbitMQ counts deaths in 64 bits, however small the number. */
const long = (value: bigint): FieldValue => ({ '!': 'int64', value: value.toString() })

const carbonCopies = (headers: FieldTable): string[] =>
  Array.isArray(headers['CC']) ? headers['CC'].filter(key => typeof key === 'string') : []

function isDeathOf(death: FieldValue, queue: string, reason?: DeathReason): boolean {
  if (!isTable(death)) return false
  return death['queue'] === queue && (reason === undefined || death['reason'] === reason)
}

/** Whether the message came through this queue before, and no consumer had a hand in it since. */
function isCycle(queue: string, headers: FieldTable): boolean {
  const deaths = headers['x-death'] as FieldValue[]
  const at = deaths.findIndex(death => isDeathOf(death, queue))
  if (at < 0) return false
  return !deaths.slice(0, at + 1).some(death => isTable(death) && death['reason'] === 'rejected')
}
