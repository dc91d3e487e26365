/** Where a connection comes from, and what protects it. */
import type { Socket } from 'node:net'
import { plainAddress } from './address.ts'
import type { PeerFacts } from './peer-certificate.ts'
import type { ProxiedEnds } from './proxy-header.ts'

export interface TlsFacts {
  /** `tlsv1.2` or `tlsv1.3`. */
  readonly protocol: string
  /** IANA's name of the cipher suite. */
  readonly cipher: string
  /** Undefined where the client showed no certificate. */
  readonly peer: PeerFacts | undefined
}

export interface Origin extends ProxiedEnds {
  readonly tls: TlsFacts | undefined
}

/** The ends that a proxy told of, or those of the socket. */
export function originOf(socket: Socket, proxied?: ProxiedEnds, tls?: TlsFacts): Origin {
  return { ...(proxied ?? endsOf(socket)), tls }
}

function endsOf(socket: Socket): ProxiedEnds {
  return {
    peerHost: plainAddress(socket.remoteAddress ?? ''),
    peerPort: socket.remotePort ?? 0,
    host: plainAddress(socket.localAddress ?? ''),
    port: socket.localPort ?? 0,
  }
}
