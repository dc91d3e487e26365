/** What a virtual host tells of each message while it is traced [RabbitMQ "Firehose"]. */

import type { Queue } from '../queue/queue.ts'
import type { WireBytes } from '../queue/wire-bytes.ts'

/** The channel that a message came from, or went to. */
export interface TracedChannel {
  readonly number: number
  readonly userName: string
  readonly connection: { readonly name: string }
}

/** Messages are given in the form in which they stand in the log, and are read at once. */
export interface Trace {
  /** A client has published a message, which goes to these queues. */
  published(wire: WireBytes, queues: readonly Queue[], channel: TracedChannel): void
  /** A message goes from a queue to a client. */
  delivered(wire: WireBytes, queue: Queue, redelivered: boolean, channel: TracedChannel): void
}
