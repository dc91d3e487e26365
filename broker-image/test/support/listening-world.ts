/** A broker world with real ports, for what only sockets show; clocks and disks are still in the hands of the test. */
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { type Listeners, openListeners } from '../../src/listeners.ts'
import { createManagementServer } from '../../src/management/server.ts'
import type { Listening } from '../../src/open-port.ts'
import { PROTOCOL_HEADER } from '../../src/wire/frame.ts'
import { BrokerWorld } from './broker-world.ts'

/** Ports of the machine's choice, on the loopback interface. */
const QUIET_PORTS = 'listeners.tcp.default = 127.0.0.1:0\nmanagement.tcp.port = 0\nmanagement.tcp.ip = 127.0.0.1\n'

export class ListeningWorld extends BrokerWorld {
  #listeners: Listeners | undefined

  /** Opens what `conf` names, in the words of `rabbitmq.conf`. */
  static async open(conf = ''): Promise<ListeningWorld> {
    const world = new ListeningWorld({ conf: QUIET_PORTS + conf })
    const management: FastifyInstance = createManagementServer({
      broker: world.broker,
      clock: world.clock,
      onError: error => {
        throw error
      },
    })
    await management.ready()
    world.#listeners = await openListeners({
      broker: world.broker,
      management,
      readFile: path => readFileSync(path, 'utf8'),
    })
    world.broker.listening = world.#listeners.listening
    return world
  }

  port(protocol: Listening['protocol']): number {
    const found = this.broker.listening.find(listener => listener.protocol === protocol)
    if (found === undefined) throw new Error(`nothing listens for ${protocol}`)
    return found.port
  }

  reloadCertificates(): void {
    this.#listeners?.reloadCertificates()
  }

  /** Ends all connections and closes the ports. */
  async close(): Promise<void> {
    for (const connection of this.broker.connections.values()) connection.destroy()
    await this.#listeners?.close()
  }
}

/** A socket of a client, and whether the server speaks to it. */
export interface Caller {
  readonly socket: net.Socket
  /** Resolves with what the server says first; undefined when it hangs up without a word. */
  readonly answer: Promise<Buffer | undefined>
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>
}

/** Connects, says `first`, and listens. */
export function call(port: number, first: Buffer = PROTOCOL_HEADER, host = '127.0.0.1'): Caller {
  const socket = net.connect({ port, host })
  socket.write(first)
  return listen(socket)
}

/** The same over TLS, behind `before`, which goes out in the clear. */
export function callTls(port: number, options: tls.ConnectionOptions, before?: Buffer): Caller {
  const plain = net.connect({ port, host: '127.0.0.1' })
  if (before !== undefined) plain.write(before)
  const socket = tls.connect({ servername: 'broker.example', ...options, socket: plain })
  socket.write(PROTOCOL_HEADER)
  return listen(socket)
}

function listen(socket: net.Socket): Caller {
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  const answer = new Promise<Buffer | undefined>(resolve => {
    socket.once('data', resolve)
    socket.once('close', () => resolve(undefined))
  })
  // A refused handshake is an error here, and what counts is that nothing was said.
  socket.on('error', () => socket.destroy())
  return { socket, answer, closed }
}
