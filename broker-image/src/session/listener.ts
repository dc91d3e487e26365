/** Takes AMQP clients. */
import { createServer, type Server, type Socket } from 'node:net'
import type { Broker } from '../broker.ts'
import { CONNECTIONS_MAX } from '../limits.ts'
import { Connection } from './connection.ts'
import { ReadBuffer, readInto } from './static-read.ts'

/** A server that makes a `Connection` of every socket; `openPort` puts it to work. */
export function createAmqpServer(broker: Broker): Server {
  const shared = new ReadBuffer()
  const open = new Set<Socket>()
  return createServer({ noDelay: true, pauseOnConnect: true }, accepted => {
    if (open.size >= CONNECTIONS_MAX) {
      accepted.destroy()
      return
    }
    const socket = readInto(accepted, shared, chunk => connection.receive(chunk))
    const connection = new Connection(broker, socket)
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.resume()
  })
}
