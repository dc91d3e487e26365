/** Takes AMQP clients. */
import { createServer, type Server, type Socket } from 'node:net'
import type { Broker } from '../broker.ts'
import { CONNECTIONS_MAX } from '../limits.ts'
import { Connection } from './connection.ts'
import { ReadBuffer, readInto } from './static-read.ts'

export interface AmqpListener {
  /** `openPort` puts it to work. */
  readonly server: Server
  /** Takes no more clients; resolves when the last has gone. */
  close(): Promise<void>
}

/** A server that makes a `Connection` of every socket. */
export function createAmqpListener(broker: Broker): AmqpListener {
  const shared = new ReadBuffer()
  const open = new Set<Socket>()
  let onLastGone: (() => void) | undefined
  const gone = (socket: Socket): void => {
    open.delete(socket)
    if (open.size === 0) onLastGone?.()
  }
  const server = createServer({ noDelay: true, pauseOnConnect: true }, accepted => {
    if (open.size >= CONNECTIONS_MAX) {
      accepted.destroy()
      return
    }
    const socket = readInto(accepted, shared, chunk => connection.receive(chunk))
    const connection = new Connection(broker, socket)
    open.add(socket)
    socket.once('close', () => gone(socket))
    socket.resume()
  })
  // The server itself counts the sockets that it accepted, which `readInto` has replaced.
  const close = (): Promise<void> =>
    new Promise(resolve => {
      onLastGone = resolve
      server.close()
      if (open.size === 0) resolve()
    })
  return { server, close }
}
