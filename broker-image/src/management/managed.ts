/** What the management API needs of a running broker, and nothing more. The broker, its queues and sessions fit it. */

import type { Access } from '../access/access.ts'
import type { Config } from '../config/config.ts'
import type { Definitions } from '../definitions/definitions.ts'
import type {
  Arguments,
  BindingDefinition,
  ExchangeDefinition,
  QueueDefinition,
  VhostDefinition,
} from '../definitions/model.ts'
import type { Consumer } from '../queue/consumers.ts'
import type { Queue } from '../queue/queue.ts'

export interface ManagedBroker {
  readonly config: Config
  readonly definitions: Definitions
  readonly access: Access
  readonly vhosts: ReadonlyMap<string, ManagedVhost>
  /** By name: `peer:port -> host:port`. */
  readonly connections: ReadonlyMap<string, ManagedConnection>
  readonly startedAtMs: number
  readonly nodeName: string
  /** Listeners are open and recovery is done. */
  readonly isReady: boolean
  /** What is short now: publishers wait. */
  readonly alarms: { readonly memory: boolean; readonly disk: boolean }
  /** Ports that take AMQP connections. */
  readonly amqpAddresses: readonly { address: string; port: number }[]
  /** Creates it with its predeclared exchanges, or changes its description. */
  createVhost(definition: VhostDefinition): void
  /** Removes it with all that is in it; its connections are closed. */
  deleteVhost(name: string): void
}

export interface ManagedVhost {
  readonly name: string
  readonly queues: ReadonlyMap<string, Queue>
  declareExchange(spec: Omit<ExchangeDefinition, 'vhost'>): void
  deleteExchange(name: string, options: { ifUnused: boolean }): void
  declareQueue(spec: Omit<QueueDefinition, 'vhost' | 'id'>, owner: object | null): Queue
  deleteQueue(name: string, options: { ifUnused: boolean; ifEmpty: boolean }, owner: object | null): number
  bind(binding: BindingDefinition): void
  unbind(binding: BindingDefinition): void
  /** With the bindings that the default exchange has to every queue. */
  listBindings(): BindingDefinition[]
}

export interface ManagedConnection {
  readonly name: string
  readonly user: string
  readonly vhost: string
  readonly peerHost: string
  readonly peerPort: number
  readonly host: string
  readonly port: number
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
  readonly confirming: boolean
  readonly transactional: boolean
  readonly prefetchCount: number
  readonly globalPrefetchCount: number
  readonly unacknowledged: number
  readonly unconfirmed: number
  readonly consumers: ReadonlyMap<string, Consumer & { readonly queue: Queue }>
}
