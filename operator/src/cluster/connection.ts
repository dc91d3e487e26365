/** The way to an API server: address, TLS and credentials from a kubeconfig or from the pod's service account. */

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

/** Watches hold their connection for minutes, so they have a pool of their own. */
export type Purpose = 'request' | 'watch'

/** Where requests go and what they carry. `authorize` is asked before each request: tokens and certificates rotate. */
export interface Connection {
  server: URL
  authorize(purpose: Purpose): Promise<RequestOptions>
}

/** Requests in flight at once; more wait for a connection. */
const SOCKETS_MAX = 32

/**
 * Of `kubeconfig` (a path), else of `$KUBECONFIG`, `~/.kube/config` or the pod's service account.
 * Connections are kept alive and shared: client-node's own agent would make a TLS handshake a request.
 */
export function connectionOf(kubeconfig: string | undefined): Connection {
  const config = new KubeConfig()
  if (kubeconfig === undefined) config.loadFromDefault()
  else config.loadFromFile(kubeconfig)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('no current cluster in the kubeconfig')
  const server = new URL(cluster.server)
  const Agent = server.protocol === 'http:' ? HttpAgent : HttpsAgent
  const agents = { request: new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX }), watch: new Agent() }
  return {
    server,
    async authorize(purpose) {
      const options: RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      if (cluster.proxyUrl === undefined) options.agent = agents[purpose]
      return options
    },
  }
}
