/** All children of a BrokerCluster, in the order in which they are written. Pure: the same input gives the same bytes. */

import { createHash } from 'node:crypto'
import type { BrokerCluster } from '../api/brokercluster.ts'
import type { KubernetesObject } from '../objects.ts'
import { role, roleBinding, serviceAccount } from './access.ts'
import { configMap } from './config.ts'
import type { Inputs } from './inputs.ts'
import { APPLIED_ANNOTATION } from './names.ts'
import { defaultUserSecret, nodeSecret } from './secrets.ts'
import { clientService, nodesService } from './services.ts'
import { statefulSet } from './stateful-set.ts'

/** The StatefulSet comes last: its pods need all the others to start. */
const BUILDERS: readonly ((cluster: BrokerCluster, inputs: Inputs) => KubernetesObject)[] = [
  serviceAccount,
  role,
  roleBinding,
  configMap,
  defaultUserSecret,
  nodeSecret,
  nodesService,
  clientService,
  statefulSet,
]

export function desiredChildren(cluster: BrokerCluster, inputs: Inputs): KubernetesObject[] {
  return BUILDERS.map(build => withHash(build(cluster, inputs)))
}

/** Marks an object with a hash of itself, by which `plan` sees that a field has to go. */
export function withHash(child: KubernetesObject): KubernetesObject {
  const hash = createHash('sha256').update(JSON.stringify(child)).digest('hex').slice(0, 32)
  const annotations = { ...child.metadata.annotations, [APPLIED_ANNOTATION]: hash }
  return { ...child, metadata: { ...child.metadata, annotations } }
}
