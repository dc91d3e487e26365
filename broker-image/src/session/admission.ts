/** Who may come in: the checks of `connection.open` and `channel.open` against virtual hosts, permissions and limits. */
import type { Broker } from '../broker.ts'
import { userLimit, vhostLimit } from '../definitions/named-limits.ts'
import { ConnectionError } from '../wire/errors.ts'
import type { Connection } from './connection.ts'

/**
 * Whether a user may open a virtual host now. Limits come before permissions, as in RabbitMQ.
 * @throws ConnectionError 320 while the broker stops, 530 for everything else.
 */
export function assertMayOpen(broker: Broker, user: string, vhost: string): void {
  if (broker.isClosing) throw new ConnectionError('CONNECTION_FORCED', 'broker is shutting down')
  if (!broker.vhosts.has(vhost)) throw new ConnectionError('NOT_ALLOWED', `vhost ${vhost} not found`)
  const { connectionMax } = broker.config
  if (broker.connections.size >= connectionMax) {
    throw new ConnectionError('NOT_ALLOWED', `connection refused: node connection limit (${connectionMax}) is reached`)
  }
  const refused = `access to vhost '${vhost}' refused for user '${user}'`
  const ofVhost = vhostLimit(broker.definitions, vhost, 'max-connections')
  if (isReached(broker, ofVhost, connection => connection.vhost === vhost)) {
    throw new ConnectionError('NOT_ALLOWED', `${refused}: connection limit (${ofVhost}) is reached`)
  }
  const ofUser = userLimit(broker.definitions, user, 'max-connections')
  if (isReached(broker, ofUser, connection => connection.user === user)) {
    const reached = `user connection limit (${ofUser}) is reached`
    throw new ConnectionError('NOT_ALLOWED', `connection refused for user '${user}': ${reached}`)
  }
  if (!broker.access.canEnter(user, vhost)) throw new ConnectionError('NOT_ALLOWED', refused)
}

/**
 * Whether a user may open one more channel; those of all their connections count.
 * @throws ConnectionError 530.
 */
export function assertMayOpenChannel({ definitions, connections }: Broker, user: string): void {
  const limit = userLimit(definitions, user, 'max-channels')
  if (limit === Number.POSITIVE_INFINITY || openChannels(connections, user) < limit) return
  throw new ConnectionError(
    'NOT_ALLOWED',
    `number of channels opened for user '${user}' has reached the maximum allowed user limit of (${limit})`,
  )
}

/** Connections are counted only where a limit asks for it. */
function isReached({ connections }: Broker, limit: number, belongs: (connection: Connection) => boolean): boolean {
  if (limit === Number.POSITIVE_INFINITY) return false
  let count = 0
  for (const connection of connections) if (belongs(connection)) count++
  return count >= limit
}

/** A channel that waits for the client's `close-ok` is none any more. */
function openChannels(connections: Iterable<Connection>, user: string): number {
  let count = 0
  for (const connection of connections) {
    if (connection.user !== user) continue
    for (const channel of connection.channels.values()) if (!channel.closing) count++
  }
  return count
}
