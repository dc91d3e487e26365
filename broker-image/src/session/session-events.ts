/** What `amq.rabbitmq.event` is told of connections, channels and consumers [rabbitmq_event_exchange]. */
import { addressText, argumentTexts } from '../reports/erlang-text.ts'
import { NOBODY } from '../reports/reports.ts'
import type { FieldTable } from '../wire/field-table.ts'
import type { Channel } from './channel.ts'
import type { Connection } from './connection.ts'
import type { ChannelConsumer } from './consumer.ts'

const PROTOCOL = '{0,9,1}'

/** RabbitMQ names processes; we have none, and say what they are for. */
const pidOf = ({ connection, number }: Channel): string => `${connection.name} (${number})`

export function loginSucceeded(connection: Connection): void {
  connection.broker.reports.tell('user.authentication.success', () => loginTable(connection, connection.user))
}

/** `name`: who it was that was refused, where that is known. */
export function loginFailed(connection: Connection, name: string, error: string): void {
  connection.broker.reports.tell('user.authentication.failure', () => ({ ...loginTable(connection, name), error }))
}

function loginTable({ origin, name: connection, authMechanism }: Connection, name: string): FieldTable {
  return {
    connection_type: 'network',
    name,
    host: addressText(origin.host),
    connection_name: connection,
    peer_host: addressText(origin.peerHost),
    peer_port: origin.peerPort,
    protocol: PROTOCOL,
    auth_mechanism: authMechanism,
    ssl: origin.tls !== undefined,
  }
}

export function connectionCreated(connection: Connection): void {
  const { broker, user, vhost, origin, name } = connection
  broker.reports.tell('connection.created', () => ({
    type: 'network',
    pid: name,
    name,
    port: origin.port,
    peer_port: origin.peerPort,
    host: addressText(origin.host),
    peer_host: addressText(origin.peerHost),
    ssl: origin.tls !== undefined,
    ssl_protocol: origin.tls?.protocol ?? '',
    ssl_cipher: origin.tls?.cipher ?? '',
    ssl_key_exchange: '',
    ssl_hash: '',
    peer_cert_subject: origin.tls?.peer?.subject ?? '',
    peer_cert_issuer: origin.tls?.peer?.issuer ?? '',
    peer_cert_validity: origin.tls?.peer?.validity ?? '',
    auth_mechanism: connection.authMechanism,
    protocol: PROTOCOL,
    user,
    vhost,
    timeout: connection.heartbeatSeconds,
    frame_max: connection.frameMax,
    channel_max: connection.channelMax,
    client_properties: argumentTexts(connection.clientProperties),
    connected_at: connection.connectedAtMs,
    node: broker.nodeName,
    user_who_performed_action: user,
  }))
}

export function connectionClosed({ broker, name, clientProperties }: Connection): void {
  broker.reports.tell('connection.closed', () => ({
    name,
    pid: name,
    node: broker.nodeName,
    client_properties: argumentTexts(clientProperties),
  }))
}

export function channelCreated(channel: Channel): void {
  const { broker, connection, number, vhost, userName: user } = channel
  broker.reports.tell('channel.created', () => ({
    pid: pidOf(channel),
    name: pidOf(channel),
    connection: connection.name,
    number,
    user,
    vhost: vhost.name,
    user_who_performed_action: user,
  }))
}

export function channelClosed(channel: Channel): void {
  const { broker, userName } = channel
  broker.reports.tell('channel.closed', () => ({ pid: pidOf(channel), user_who_performed_action: userName }))
}

export function consumerCreated(consumer: ChannelConsumer): void {
  consumer.channel.broker.reports.tell('consumer.created', () => ({
    ...consumerTable(consumer),
    exclusive: consumer.exclusive,
    ack_required: !consumer.noAck,
    prefetch_count: consumer.prefetchCount,
    arguments: argumentTexts(consumer.arguments),
    user_who_performed_action: consumer.channel.userName,
  }))
}

/** `user`: who took it away; nobody where its queue or channel went. */
export function consumerDeleted(consumer: ChannelConsumer, user = NOBODY.user): void {
  consumer.channel.broker.reports.tell('consumer.deleted', () => ({
    ...consumerTable(consumer),
    user_who_performed_action: user,
  }))
}

function consumerTable({ tag, channel, queue }: ChannelConsumer): FieldTable {
  return {
    consumer_tag: tag,
    channel: pidOf(channel),
    queue: queue.name,
    vhost: queue.vhost,
  }
}
