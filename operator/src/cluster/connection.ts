/** The way to an API server: its address, and what every request carries. */

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type RequestOptions } from 'node:https'

/** Watches hold their connection for minutes, so they have a pool of their own. */
export type Purpose = 'request' | 'watch'

/** Where requests go and what they carry. `authorize` is asked before each request: tokens and certificates rotate. */
export interface Connection {
  server: URL
  authorize(purpose: Purpose): Promise<RequestOptions>
}

/** Requests in flight at once; more wait for a connection. */
const SOCKETS_MAX = 32

/** Kept-alive connections for requests, single ones for watches. */
export function agentsFor(server: URL): Readonly<Record<Purpose, HttpAgent>> {
  const Agent = server.protocol === 'http:' ? HttpAgent : HttpsAgent
  return { request: new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX }), watch: new Agent() }
}
