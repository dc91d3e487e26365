/** Channels of a connection by their numbers: opened, closed, and given the methods that are theirs [AMQP 1.5]. */
import { ConnectionError } from '../wire/errors.ts'
import type { Method } from '../wire/methods.ts'
import { assertMayOpenChannel } from './admission.ts'
import { Channel } from './channel.ts'
import type { Connection } from './connection.ts'
import { dispatch } from './dispatch.ts'
import { channelCreated } from './session-events.ts'

/** @throws ConnectionError 504 when the channel is not open. */
export function channelOf(connection: Connection, number: number): Channel {
  const channel = connection.channels.get(number)
  if (channel === undefined) throw new ConnectionError('CHANNEL_ERROR', `expected 'channel.open'`)
  return channel
}

/** Handles a method on a channel of an open connection. @throws ChannelError, ConnectionError. */
export function channelMethod(connection: Connection, number: number, method: Method): void {
  if (method.name === 'channel.open') {
    open(connection, number)
    return
  }
  const channel = channelOf(connection, number)
  if (method.name === 'channel.close') {
    // Both closed at once: each answers the other, and the number is free after the client's answer.
    if (channel.closing) channel.send('channel.close-ok', {})
    else channel.answer(() => close(channel))
  } else if (method.name === 'channel.close-ok') {
    if (channel.closing) connection.channels.delete(number)
  } else if (!channel.closing) {
    channel.assembly.refuseMethod()
    dispatch(channel, method)
  }
}

function close(channel: Channel): void {
  channel.release()
  channel.connection.channels.delete(channel.number)
  channel.send('channel.close-ok', {})
}

function open(connection: Connection, number: number): void {
  const { broker, channels, channelMax } = connection
  if (channels.has(number)) {
    throw new ConnectionError('CHANNEL_ERROR', `second 'channel.open' seen`)
  }
  if (channelMax !== 0 && channels.size >= channelMax) {
    throw new ConnectionError(
      'NOT_ALLOWED',
      `number of channels opened (${channels.size}) has reached the negotiated channel_max (${channelMax})`,
    )
  }
  assertMayOpenChannel(broker, connection.user)
  const vhost = broker.vhosts.get(connection.vhost)
  if (vhost === undefined) throw new ConnectionError('CONNECTION_FORCED', `vhost '${connection.vhost}' is gone`)
  const channel = new Channel(connection, number, vhost)
  channels.set(number, channel)
  channelCreated(channel)
  channel.send('channel.open-ok', {})
}
