/** What is there again after a restart. */
import type { QueueDefinition } from '../definitions/model.ts'
import { Queue } from '../queue/queue.ts'
import type { Destination, VhostExchange } from './vhost-exchange.ts'

/** An exclusive queue ends with its connection. */
export const isKept = (queue: QueueDefinition): boolean => queue.durable && !queue.exclusive

export const survives = (destination: Destination): boolean =>
  destination instanceof Queue
    ? destination.durable && !destination.exclusive
    : (destination as VhostExchange).definition.durable
