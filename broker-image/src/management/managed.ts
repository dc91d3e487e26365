/** What the management API needs of a running broker, and nothing more. The broker and its sessions fit it. */

import type { Access } from '../access/access.ts'
import type { Config } from '../config/config.ts'
import type { Definitions } from '../definitions/definitions.ts'
import type { Arguments, VhostDefinition } from '../definitions/model.ts'
import type { SegmentTable } from '../log/segment.ts'
import type { Listening } from '../open-port.ts'
import type { Consumer } from '../queue/consumers.ts'
import type { QueueCounters } from '../queue/counters.ts'
import type { Queue } from '../queue/queue.ts'
import type { Actor } from '../reports/reports.ts'
import type { Origin } from '../transport/origin.ts'
import type { Vhost } from '../vhost/vhost.ts'

export interface ManagedBroker {
  readonly config: Config
  readonly definitions: Definitions
  readonly access: Access
  readonly segments: SegmentTable
  /** What queues counted that are gone. */
  readonly retiredCounters: QueueCounters
  readonly vhosts: ReadonlyMap<string, Vhost>
  readonly connections: ReadonlySet<ManagedConnection>
  /** Calls `done` once all messages up to this batch are safe. */
  whenSafe(batch: number, done: () => void): void
  readonly startedAtMs: number
  /** Warren's own version. */
  readonly version: string
  readonly nodeName: string
  readonly reports: { actor: Actor }
  /** Listeners are open and recovery is done. */
  readonly isReady: boolean
  /** What is short now: publishers wait. */
  readonly alarms: { readonly memory: boolean; readonly disk: boolean }
  /** Open ports. */
  readonly listening: readonly Listening[]
  /** Creates it, or changes its description. */
  createVhost(definition: VhostDefinition): void
  /** Removes it with all that is in it; its connections are closed. */
  deleteVhost(name: string): void
}

export interface ManagedConnection {
  /** `peer:port -> host:port`; behind a proxy two may have the same. */
  readonly name: string
  readonly user: string
  readonly vhost: string
  readonly origin: Origin
  readonly state: string
  readonly authMechanism: string
  readonly clientProperties: Arguments
  readonly frameMax: number
  readonly channelMax: number
  readonly heartbeatSeconds: number
  readonly connectedAtMs: number
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly channels: ReadonlyMap<number, ManagedChannel>
  /** Ends the connection with CONNECTION_FORCED. */
  close(reason: string): void
}

export interface ManagedChannel {
  readonly number: number
  readonly prefetchCount: number
  readonly globalPrefetchCount: number
  readonly transactional: boolean
  /** Deliveries that the client has yet to settle. */
  readonly unacknowledged: number
  /** All deliveries that are not settled, and those among them whose settlement waits for a commit. */
  readonly unacked: { readonly live: number; readonly held: number }
  readonly transaction: { readonly messages: number } | null
  readonly confirms: { readonly waiting: number } | null
  readonly consumers: ReadonlyMap<string, Consumer & { readonly queue: Queue }>
}
