/** Which way to an API server is taken: a kubeconfig, or the pod's service account. */

import type { Connection } from './connection.ts'
import { podConnection, runsInPod } from './pod-connection.ts'

/**
 * Of the file `kubeconfig`; else of the pod's service account; else of `$KUBECONFIG` or `~/.kube/config`. The library
 * that reads kubeconfigs is loaded only then: it costs 80 MiB and a second, which a pod need not pay. Raises when there is none.
 */
export async function connectionOf(
  kubeconfig: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Connection> {
  if (kubeconfig === undefined && environment['KUBECONFIG'] === undefined && runsInPod(environment))
    return podConnection(environment)
  const { kubeconfigConnection } = await import('./kubeconfig-connection.ts')
  return kubeconfigConnection(kubeconfig)
}
