/** The Secrets of a cluster: its administrator, and what its nodes know each other by. */

import type { BrokerCluster } from '../api/brokercluster.ts'
import type { KubernetesObject, Metadata } from '../objects.ts'
import { BINDING_TYPE, bindingData, secretObject } from './binding-secret.ts'
import type { Inputs } from './inputs.ts'
import { childMetadata, childNames } from './names.ts'

export const NODE_SECRET_KEY = 'secret'

/**
 * A Secret that opens the volumes lives as long as they do: with retained volumes it has no owner, so that a
 * BrokerCluster created again under the name finds its brokers' password.
 */
function secretMetadata(cluster: BrokerCluster, name: string): Metadata {
  const metadata = childMetadata(cluster, name)
  if (!cluster.spec.storage.retainOnDelete) return metadata
  const { ownerReferences: _, ...ownerless } = metadata
  return ownerless
}

export function defaultUserSecret(cluster: BrokerCluster, inputs: Inputs): KubernetesObject {
  const name = childNames(cluster.metadata.name).defaultUser
  const texts = bindingData(inputs.address, inputs.defaultUser, '/')
  return secretObject(secretMetadata(cluster, name), BINDING_TYPE, texts)
}

export function nodeSecret(cluster: BrokerCluster, inputs: Inputs): KubernetesObject {
  const name = childNames(cluster.metadata.name).nodeSecret
  return secretObject(secretMetadata(cluster, name), 'Opaque', { [NODE_SECRET_KEY]: inputs.nodeSecret })
}
