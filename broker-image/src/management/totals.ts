/** One walk over the broker for everything that overview and metrics count. */

import { QueueCounters } from '../queue/counters.ts'
import { channelsOf } from './connection-views.ts'
import type { ManagedBroker } from './managed.ts'
import { type MessageTotals, messageTotals } from './queue-views.ts'

export interface BrokerTotals {
  messages: MessageTotals
  counters: QueueCounters
  queues: number
  exchanges: number
  connections: number
  channels: number
  consumers: number
}

export function brokerTotals(broker: ManagedBroker): BrokerTotals {
  const vhosts = [...broker.vhosts.values()]
  const queues = vhosts.flatMap(vhost => [...vhost.queues.values()])
  const channels = channelsOf(broker.connections)
  const counters = new QueueCounters()
  counters.add(broker.retiredCounters)
  for (const queue of queues) counters.add(queue.counters)
  return {
    messages: messageTotals(queues),
    counters,
    queues: queues.length,
    exchanges: vhosts.reduce((count, vhost) => count + vhost.exchanges.size, 0),
    connections: broker.connections.size,
    channels: channels.length,
    consumers: channels.reduce((count, { channel }) => count + channel.consumers.size, 0),
  }
}
