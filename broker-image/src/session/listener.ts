/** Listens for AMQP clients. */
import { createServer, type Server } from 'node:net'
import type { Broker } from '../broker.ts'
import type { Endpoint } from '../config/settings.ts'
import { CONNECTIONS_MAX } from '../limits.ts'
import { Connection } from './connection.ts'

/** Resolves once the port is open; rejects with the system's error when it is not to be had. */
export function listen(broker: Broker, { host, port }: Endpoint): Promise<Server> {
  const server = createServer({ noDelay: true }, socket => {
    new Connection(broker, socket)
  })
  server.maxConnections = CONNECTIONS_MAX
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(host === undefined ? { port } : { host, port }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}
