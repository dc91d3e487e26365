/** Queues as RabbitMQ's API shows them, and sums over queues. */

import { plainArguments } from '../definitions/json-values.ts'
import { queueJson } from '../definitions/to-json.ts'
import { queueType } from '../queue/arguments.ts'
import type { QueueCounters } from '../queue/counters.ts'
import type { Queue } from '../queue/queue.ts'
import type { ManagementContext } from './context.ts'
import type { ManagedBroker } from './managed.ts'
import type { CountersJson } from './rates.ts'

/** A queue as a row of a list. */
export function queueView({ broker, rates, trends }: ManagementContext, queue: Queue) {
  const { bytesReady, bytesUnacknowledged, consumers, dead } = queue
  const active = consumers.active
  const unreadable = unreadableHead(broker, queue)
  const exclusive = consumers.list.find(consumer => consumer.exclusive)
  return {
    ...queueJson(queue),
    type: queueType(queue.arguments),
    ...(queue.settings.keepsAll ? onlyMember(broker.nodeName) : {}),
    exclusive: queue.exclusive,
    node: broker.nodeName,
    state: unreadable === null ? 'running' : 'crashed',
    ...(unreadable === null ? {} : { unreadable: unreadable.message }),
    policy: queue.policyName ?? null,
    operator_policy: queue.operatorPolicyName ?? null,
    effective_policy_definition: plainArguments(queue.effectivePolicy),
    ...queueTotalsJson(messageTotals([queue]), totals => trends.withRates(queue, totals)),
    message_bytes: bytesReady + bytesUnacknowledged + dead.bytes,
    message_bytes_ready: bytesReady,
    message_bytes_unacknowledged: bytesUnacknowledged,
    messages_dlx: dead.count,
    message_bytes_dlx: dead.bytes,
    message_stats: rates.withRates(queue, messageStats(queue.counters)),
    consumers: consumers.count,
    single_active_consumer_tag: active?.tag ?? null,
    exclusive_consumer_tag: exclusive?.tag ?? null,
    head_message_timestamp: null,
    idle_since: new Date(queue.idle.sinceMs).toISOString().replace('Z', '+00:00'),
    recoverable_slaves: null,
  }
}

/** Why the first message of the queue can't be read back from disk; null if it can, or none waits. */
function unreadableHead({ segments }: ManagedBroker, { ready }: Queue): Error | null {
  return ready.peek() ? segments.get(ready.segment).failure : null
}

/** What tools ask of a quorum queue: who has it. */
function onlyMember(node: string) {
  return { leader: node, members: [node], online: [node] }
}

/** Counters of a queue, or of many, by RabbitMQ's names. */
export function messageStats(counters: QueueCounters): { [name: string]: number } {
  const { delivered, deliveredNoAck, got, gotNoAck } = counters
  return {
    publish: counters.published,
    deliver: delivered,
    deliver_no_ack: deliveredNoAck,
    get: got,
    get_no_ack: gotNoAck,
    get_empty: counters.gotEmpty,
    deliver_get: delivered + deliveredNoAck + got + gotNoAck,
    redeliver: counters.redelivered,
    ack: counters.acknowledged,
  }
}

export interface MessageTotals {
  /** With those that wait to be dead-lettered. */
  all: number
  ready: number
  unacknowledged: number
}

export function messageTotals(queues: Iterable<Queue>): MessageTotals {
  const totals = { all: 0, ready: 0, unacknowledged: 0 }
  for (const { messagesReady, messagesUnacknowledged, dead } of queues) {
    totals.all += messagesReady + messagesUnacknowledged + dead.count
    totals.ready += messagesReady
    totals.unacknowledged += messagesUnacknowledged
  }
  return totals
}

/** With the trend of each where `trendOf` is given. */
export function queueTotalsJson(
  { all, ready, unacknowledged }: MessageTotals,
  trendOf?: (counters: { [name: string]: number }) => CountersJson,
): CountersJson {
  const totals = { messages: all, messages_ready: ready, messages_unacknowledged: unacknowledged }
  return trendOf ? trendOf(totals) : totals
}
