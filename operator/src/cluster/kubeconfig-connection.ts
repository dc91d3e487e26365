/** The way to an API server from a kubeconfig, read by client-node: certificates, tokens, exec plugins, OIDC, proxies. */

import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { agentsFor, type Connection } from './connection.ts'

/**
 * Of the file `path`, else of `$KUBECONFIG` or `~/.kube/config`. client-node's own agent would make a TLS handshake a
 * request, so ours take its place where no proxy is between. Raises when the file names no current cluster.
 */
export function kubeconfigConnection(path: string | undefined): Connection {
  const config = new KubeConfig()
  if (path === undefined) config.loadFromDefault()
  else config.loadFromFile(path)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('no current cluster in the kubeconfig')
  const server = new URL(cluster.server)
  const agents = agentsFor(server)
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
