/** Opens a port for any server, AMQP or HTTP. */
import type { AddressInfo, Server } from 'node:net'
import type { Endpoint } from './config/settings.ts'

/** An open port, as the management API shows it. */
export interface Listening {
  readonly protocol: 'amqp' | 'amqp/ssl' | 'http' | 'https'
  readonly address: string
  readonly port: number
  /** With TLS: milliseconds since 1970 at which the first of its certificates ends. */
  readonly validToMs?: () => number
}

/**
 * Resolves with the address once the port is open; rejects with the system's error when it is not to be had. Without a
 * host it is open for IPv6 and IPv4, or for IPv4 where there is no IPv6.
 */
export function openPort(server: Server, endpoint: Endpoint & { ipv6Only?: boolean }): Promise<AddressInfo> {
  const { host, port, ipv6Only = false } = endpoint
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(host === undefined ? { port } : { host, port, ipv6Only }, () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}
