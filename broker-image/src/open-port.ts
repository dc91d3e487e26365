/** Opens a port for any server, AMQP or HTTP. */
import type { AddressInfo, Server } from 'node:net'
import type { Endpoint } from './config/settings.ts'

/** Resolves with the address once the port is open; rejects with the system's error when it is not to be had. */
export function openPort(server: Server, { host, port }: Endpoint): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(host === undefined ? { port } : { host, port }, () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}
