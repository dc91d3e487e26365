/** Takes AMQP clients. */
import { createServer, type Server } from 'node:net'
import type { Broker } from '../broker.ts'
import { CONNECTIONS_MAX } from '../limits.ts'
import { Connection } from './connection.ts'

/** A server that makes a `Connection` of every socket; `openPort` puts it to work. */
export function createAmqpServer(broker: Broker): Server {
  const server = createServer({ noDelay: true }, socket => {
    new Connection(broker, socket)
  })
  server.maxConnections = CONNECTIONS_MAX
  return server
}
