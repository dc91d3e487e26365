/** Reads once, at the start of a pass, all that the plan for a cluster depends on. */

import type { BrokerCluster } from './api/brokercluster.ts'
import { secretText } from './desired/binding-secret.ts'
import type { Address, Credentials, Inputs } from './desired/inputs.ts'
import { childNames } from './desired/names.ts'
import { NODE_SECRET_KEY } from './desired/secrets.ts'
import { type KubernetesObject, type Objects, refOf } from './objects.ts'
import type { FindChild } from './plan.ts'
import type { CachedObjects } from './runtime/source.ts'
import { Blocked } from './status.ts'

/** Name of the administrator when the user names none. */
const ADMINISTRATOR = 'admin'

export interface ObserveDeps {
  objects: Objects
  cached: CachedObjects
  /** Image of the broker for clusters that name none. */
  brokerImage: string
  addressOf(cluster: BrokerCluster): Address
  /** A new secret text that nobody can guess. */
  generateSecret(): string
}

export interface Observed {
  inputs: Inputs
  find: FindChild
  statefulSet: StatefulSetState | undefined
}

/** What the status of a StatefulSet says; numbers of pods. */
export interface StatefulSetState {
  current: boolean
  replicas: number
  ready: number
}

/**
 * Secrets are read from the API (no cache holds any); all other children come from caches.
 * Raises `Blocked` when the Secret that the user named lacks a key.
 */
export async function observe(cluster: BrokerCluster, deps: ObserveDeps): Promise<Observed> {
  const { namespace, name } = cluster.metadata
  const names = childNames(name)
  const secret = (secretName: string) =>
    deps.objects.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: secretName })
  const [userSecret, nodeSecret] = await Promise.all([secret(names.defaultUser), secret(names.nodeSecret)])
  const given = cluster.spec.users?.defaultUserSecretRef?.name
  const defaultUser =
    credentialsIn(userSecret) ??
    (given === undefined
      ? { username: ADMINISTRATOR, password: deps.generateSecret() }
      : givenCredentials(await secret(given), given))
  const inputs: Inputs = {
    image: deps.brokerImage,
    address: deps.addressOf(cluster),
    defaultUser,
    nodeSecret: secretText(nodeSecret, NODE_SECRET_KEY) ?? deps.generateSecret(),
  }
  const secrets = [userSecret, nodeSecret].filter(found => found !== undefined)
  const find: FindChild = child =>
    child.kind === 'Secret'
      ? secrets.find(found => found.metadata.name === child.metadata.name)
      : deps.cached.get(refOf(child))
  const set = deps.cached.get({ apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name: names.statefulSet })
  return { inputs, find, statefulSet: set && statefulSetState(set) }
}

function credentialsIn(secret: KubernetesObject | undefined): Credentials | undefined {
  const username = secretText(secret, 'username')
  const password = secretText(secret, 'password')
  return username === undefined || password === undefined ? undefined : { username, password }
}

function givenCredentials(secret: KubernetesObject | undefined, name: string): Credentials {
  const credentials = credentialsIn(secret)
  if (credentials !== undefined) return credentials
  throw new Blocked(
    'SecretIncomplete',
    `spec.users.defaultUserSecretRef: Secret "${name}" ${secret === undefined ? 'does not exist' : 'lacks username or password'}: ` +
      'put both keys into it, or leave the field out to get a random password',
  )
}

/** A StatefulSet is current when its controller has seen the last spec and all pods run it. */
function statefulSetState(set: KubernetesObject): StatefulSetState {
  const status = (set.status ?? {}) as { [field: string]: number | string | undefined }
  const wanted = (set.spec as { replicas?: number }).replicas ?? 1
  const seen = Number(status['observedGeneration'] ?? 0) >= (set.metadata.generation ?? 0)
  const ready = Number(status['readyReplicas'] ?? 0)
  const rolled = status['currentRevision'] === status['updateRevision']
  return {
    current: seen && rolled && ready === wanted,
    replicas: Number(status['replicas'] ?? 0),
    ready,
  }
}
