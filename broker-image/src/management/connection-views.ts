/** Connections, channels and consumers as RabbitMQ's API shows them. */

import { plainArguments } from '../definitions/json-values.ts'
import type { Consumer } from '../queue/consumers.ts'
import type { Queue } from '../queue/queue.ts'
import type { Origin } from '../transport/origin.ts'
import type { ManagementContext } from './context.ts'
import type { ManagedChannel, ManagedConnection } from './managed.ts'

/** A channel with the connection it belongs to. */
export interface HeldChannel {
  connection: ManagedConnection
  channel: ManagedChannel
}

export interface HeldConsumer extends HeldChannel {
  consumer: Consumer & { readonly queue: Queue }
}

export function channelsOf(connections: Iterable<ManagedConnection>): HeldChannel[] {
  const held: HeldChannel[] = []
  for (const connection of connections) {
    for (const channel of connection.channels.values()) held.push({ connection, channel })
  }
  return held
}

export function consumersOf(connections: Iterable<ManagedConnection>): HeldConsumer[] {
  return channelsOf(connections).flatMap(held =>
    [...held.channel.consumers.values()].map(consumer => ({ ...held, consumer })),
  )
}

export function connectionView({ broker, rates }: ManagementContext, connection: ManagedConnection) {
  const { clientProperties } = connection
  const name = clientProperties['connection_name']
  return {
    name: connection.name,
    ...(typeof name === 'string' ? { user_provided_name: name } : {}),
    type: 'network',
    protocol: 'AMQP 0-9-1',
    node: broker.nodeName,
    user: connection.user,
    vhost: connection.vhost,
    state: connection.state,
    auth_mechanism: connection.authMechanism,
    client_properties: plainArguments(clientProperties),
    ...peerView(connection),
    host: connection.origin.host,
    port: connection.origin.port,
    ...tlsView(connection.origin),
    channels: connection.channels.size,
    frame_max: connection.frameMax,
    channel_max: connection.channelMax,
    timeout: connection.heartbeatSeconds,
    connected_at: connection.connectedAtMs,
    ...rates.withRates(connection, { recv_oct: connection.receivedBytes, send_oct: connection.sentBytes }),
  }
}

function peerView({ origin }: ManagedConnection) {
  return { peer_host: origin.peerHost, peer_port: origin.peerPort }
}

function tlsView({ tls }: Origin) {
  if (tls === undefined) return { ssl: false }
  const { protocol, cipher, peer } = tls
  return {
    ssl: true,
    ssl_protocol: protocol,
    ssl_cipher: cipher,
    ...(peer && {
      peer_cert_subject: peer.subject,
      peer_cert_issuer: peer.issuer,
      peer_cert_validity: peer.validity,
    }),
  }
}

export function channelName({ connection, channel }: HeldChannel): string {
  return `${connection.name} (${channel.number})`
}

export function channelView({ broker }: Pick<ManagementContext, 'broker'>, held: HeldChannel) {
  const { connection, channel } = held
  return {
    name: channelName(held),
    number: channel.number,
    node: broker.nodeName,
    user: connection.user,
    vhost: connection.vhost,
    state: 'running',
    confirm: channel.confirms !== null,
    transactional: channel.transactional,
    prefetch_count: channel.prefetchCount,
    global_prefetch_count: channel.globalPrefetchCount,
    consumer_count: channel.consumers.size,
    messages_unacknowledged: channel.unacknowledged,
    messages_unconfirmed: channel.confirms?.waiting ?? 0,
    messages_uncommitted: channel.transaction?.messages ?? 0,
    acks_uncommitted: channel.unacked.held,
    connection_details: {
      name: connection.name,
      ...peerView(connection),
    },
  }
}

export function consumerView({ broker }: ManagementContext, { connection, channel, consumer }: HeldConsumer) {
  const { queue } = consumer
  const isActive = !queue.consumers.singleActive || queue.consumers.active === consumer
  return {
    consumer_tag: consumer.tag,
    queue: { name: queue.name, vhost: queue.vhost },
    channel_details: {
      name: channelName({ connection, channel }),
      number: channel.number,
      connection_name: connection.name,
      node: broker.nodeName,
      user: connection.user,
      ...peerView(connection),
    },
    ack_required: !consumer.noAck,
    exclusive: consumer.exclusive,
    prefetch_count: consumer.prefetchCount,
    active: isActive,
    activity_status: isActive ? 'up' : 'waiting',
    arguments: plainArguments(consumer.arguments),
  }
}
