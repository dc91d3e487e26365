/**
 * Takes AMQP clients. Between the socket and the connection stand, where the settings ask for them, the header of a proxy
 * and TLS, in this order.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Broker } from '../broker.ts'
import { CONNECTIONS_MAX } from '../limits.ts'
import type { Certificates } from '../transport/certificates.ts'
import { originOf, type TlsFacts } from '../transport/origin.ts'
import { peerFacts } from '../transport/peer-certificate.ts'
import { type ProxiedEnds, ProxyHeader } from '../transport/proxy-header.ts'
import { keepUpToDate, refusalOf, tlsOptions, verifiedCertificate } from '../transport/tls-server.ts'
import { Connection } from './connection.ts'
import { ReadBuffer, readInto, readTlsInto } from './static-read.ts'

export interface AmqpListener {
  /** `openPort` puts it to work. */
  readonly server: Server
  /** Takes no more clients; resolves when the last has gone. */
  close(): Promise<void>
}

/** A server that makes a `Connection` of every socket; with certificates, of every one that agrees on TLS. */
export function createAmqpListener(broker: Broker, certificates?: Certificates): AmqpListener {
  return new Doorway(broker, certificates)
}

class Doorway implements AmqpListener {
  readonly server: Server
  readonly #broker: Broker
  readonly #tls: TlsServer | undefined
  readonly #shared = new ReadBuffer()
  readonly #open = new Set<Socket>()
  /** What proxies said of clients that are agreeing on TLS, by the ends of the socket. */
  readonly #proxied = new Map<string, ProxiedEnds>()
  #onLastGone: (() => void) | undefined

  constructor(broker: Broker, certificates: Certificates | undefined) {
    this.#broker = broker
    this.#tls = certificates && this.#tlsServer(certificates)
    this.server = createServer({ noDelay: true, pauseOnConnect: true }, socket => this.#accepted(socket))
  }

  // The server itself counts the sockets that it accepted, which `readInto` has replaced.
  close(): Promise<void> {
    return new Promise(resolve => {
      this.#onLastGone = resolve
      this.server.close()
      if (this.#open.size === 0) resolve()
    })
  }

  #accepted(socket: Socket): void {
    if (this.#open.size >= CONNECTIONS_MAX) {
      socket.destroy()
      return
    }
    this.#count(socket)
    if (this.#broker.config.isProxied) this.#readProxyHeader(socket)
    else this.#next(socket, undefined, NOTHING)
  }

  #count(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      if (this.#open.size === 0) this.#onLastGone?.()
    })
  }

  #readProxyHeader(socket: Socket): void {
    const header = new ProxyHeader()
    const { clock, config } = this.#broker
    const deadline = clock.after(config.handshakeTimeoutMs, () => socket.destroy())
    const destroy = (): void => {
      deadline.cancel()
      socket.destroy()
    }
    const take = (chunk: Buffer): void => {
      const read = header.take(chunk)
      if (read === 'incomplete') return
      socket.off('data', take).off('end', destroy).off('error', destroy).off('close', destroy)
      deadline.cancel()
      if (read === 'wrong') this.#refuse(socket, 'the PROXY header is wrong')
      else this.#next(socket.pause(), read.ends, read.rest)
    }
    socket.on('data', take).on('end', destroy).on('error', destroy).on('close', destroy).resume()
  }

  /** `rest` was read already, behind the header of a proxy. */
  #next(socket: Socket, proxied: ProxiedEnds | undefined, rest: Buffer): void {
    if (this.#tls === undefined) this.#plain(socket, proxied, rest)
    else this.#agreeOnTls(this.#tls, socket, proxied, rest)
  }

  #plain(accepted: Socket, proxied: ProxiedEnds | undefined, rest: Buffer): void {
    const socket = readInto(accepted, this.#shared, chunk => connection.receive(chunk))
    const connection = new Connection(this.#broker, socket, originOf(socket, proxied))
    if (socket !== accepted) this.#count(socket)
    if (rest.length > 0) connection.receive(rest)
    if (!connection.isHeld) socket.resume()
  }

  #agreeOnTls(tls: TlsServer, socket: Socket, proxied: ProxiedEnds | undefined, rest: Buffer): void {
    if (rest.length > 0) socket.unshift(rest)
    if (proxied !== undefined) {
      const key = keyOf(socket)
      this.#proxied.set(key, proxied)
      socket.once('close', () => this.#proxied.delete(key))
    }
    tls.emit('connection', socket)
  }

  #tlsServer(certificates: Certificates): TlsServer {
    const server = createTlsServer(tlsOptions(certificates, this.#broker.config.tlsHandshakeTimeoutMs))
    keepUpToDate(server, certificates)
    server.on('tlsClientError', (error, socket) => {
      // Probes and port scans leave at once: whoever watches the log need not know.
      const hasLeft = (error as NodeJS.ErrnoException).code === 'ECONNRESET'
      this.#refuse(socket, error.message, hasLeft ? 'debug' : 'warn')
    })
    server.on('secureConnection', socket => {
      const refusal = refusalOf(socket, certificates)
      if (refusal === undefined) this.#secure(socket)
      else this.#refuse(socket, refusal)
    })
    return server
  }

  #secure(socket: TLSSocket): void {
    const { name, standardName } = socket.getCipher()
    const certificate = verifiedCertificate(socket)
    const tls: TlsFacts = {
      protocol: (socket.getProtocol() ?? '').toLowerCase(),
      cipher: standardName ?? name,
      peer: certificate && peerFacts(certificate, this.#broker.config.certLogin),
    }
    const origin = originOf(socket, this.#proxied.get(keyOf(socket)), tls)
    const connection = new Connection(this.#broker, socket, origin)
    readTlsInto(socket, this.#shared, chunk => connection.receive(chunk))
  }

  #refuse(socket: Socket, reason: string, level: 'debug' | 'warn' = 'warn'): void {
    this.#broker.logger[level]({ peer: socket.remoteAddress, reason }, 'a client does not come in')
    socket.destroy()
  }
}

const NOTHING = Buffer.alloc(0)

/** Both ends: from one port of its own a proxy may reach two of our addresses. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
