/** The way to an API server from inside a pod: its service account, as the kubelet mounts it. */

import { readFile } from 'node:fs/promises'
import { agentsFor, type Connection } from './connection.ts'

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
/** The kubelet renews the token long before its end; so long a read one is used. */
const TOKEN_AGE_MS_MAX = 10_000

type Environment = Readonly<Record<string, string | undefined>>

export function runsInPod(environment: Environment): boolean {
  return environment['KUBERNETES_SERVICE_HOST'] !== undefined
}

/** `directory` holds the files `token` and `ca.crt`. Raises at the first request when they are not there. */
export function podConnection(environment: Environment, directory = ACCOUNT): Connection {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? ''
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}`)
  server.port = environment['KUBERNETES_SERVICE_PORT'] ?? '443'
  const agents = agentsFor(server)
  let read: { ca: string; token: string; atMs: number } | undefined
  return {
    server,
    async authorize(purpose) {
      if (read === undefined || performance.now() - read.atMs > TOKEN_AGE_MS_MAX) {
        const [token, ca] = await Promise.all([file(directory, 'token'), file(directory, 'ca.crt')])
        read = { ca, token: token.trim(), atMs: performance.now() }
      }
      return { agent: agents[purpose], ca: read.ca, headers: { authorization: `Bearer ${read.token}` } }
    },
  }
}

function file(directory: string, name: string): Promise<string> {
  return readFile(`${directory}/${name}`, 'utf8')
}
