/** `User` as a kind of topology: its password lives in a Secret, made here unless the user brings one. */

import type { BrokerCluster } from './api/brokercluster.ts'
import { USER, type User } from './api/user.ts'
import { applyActions } from './apply.ts'
import { BINDING_TYPE, bindingData, secretObject, secretText } from './desired/binding-secret.ts'
import { withHash } from './desired/children.ts'
import type { Address } from './desired/inputs.ts'
import { CHILD_LABELS, INSTANCE_LABEL } from './desired/names.ts'
import type { KubernetesObject, Objects } from './objects.ts'
import { isOurs, plan } from './plan.ts'
import type { TopologyKind } from './reconcile-topology.ts'
import { Blocked } from './status.ts'
import { userDifference, userName } from './topology/user.ts'

export interface UserDeps {
  objects: Objects
  addressOf(cluster: BrokerCluster): Address
  generateSecret(): string
}

/** Name of the Secret that applications connect with. */
function credentialsName(user: User): string {
  return `${user.metadata.name}-user-credentials`
}

export function userKind(deps: UserDeps): TopologyKind<User> {
  return {
    definition: USER,
    live: false,
    identity: user => [userName(user)],
    async difference(user, { view, administrator }, cluster) {
      const existing = await readSecret(user, credentialsName(user), deps)
      const password = await passwordOf(user, existing, deps)
      const difference = userDifference(user, password, view, administrator)
      if ('refusal' in difference) return difference
      const wanted = credentialsSecret(user, password, deps.addressOf(cluster))
      await applyActions(
        plan([wanted], () => existing),
        deps.objects,
      )
      return difference
    },
    facts: user => ({ binding: { name: credentialsName(user) } }),
    removal: (user, { administrator }) => ({
      difference: {
        changes: userName(user) === administrator ? [] : [{ do: 'deleteUser', name: userName(user) }],
      },
    }),
    leaves: () => false,
  }
}

function readSecret(user: User, name: string, deps: UserDeps): Promise<KubernetesObject | undefined> {
  return deps.objects.get({ apiVersion: 'v1', kind: 'Secret', namespace: user.metadata.namespace, name })
}

/** The user's own password, else the one that was generated before, else a new one: never a second one. */
async function passwordOf(user: User, existing: KubernetesObject | undefined, deps: UserDeps): Promise<string> {
  const given = user.spec.passwordSecretRef
  if (given === undefined) {
    if (existing !== undefined && !isOurs(existing, user.spec.clusterRef.name)) throw nameTaken(existing)
    return secretText(existing, 'password') ?? deps.generateSecret()
  }
  const password = secretText(await readSecret(user, given.name, deps), given.key)
  if (password !== undefined && password !== '') return password
  throw new Blocked(
    'SecretMissing',
    `spec.passwordSecretRef: Secret "${given.name}" has no password under the key "${given.key}": create it, or leave ` +
      'the field out to get a random password',
  )
}

function nameTaken(existing: KubernetesObject): Blocked {
  const { name } = existing.metadata
  return new Blocked('NameTaken', `Secret "${name}" exists and is not of this BrokerCluster: delete or rename it`)
}

function credentialsSecret(user: User, password: string, address: Address): KubernetesObject {
  const vhost = user.spec.permissions[0]?.vhost ?? '/'
  const { apiVersion, kind, metadata } = user
  const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }
  const secret = secretObject(
    {
      name: credentialsName(user),
      namespace: metadata.namespace,
      labels: { ...CHILD_LABELS, [INSTANCE_LABEL]: user.spec.clusterRef.name },
      ownerReferences: [owner],
    },
    BINDING_TYPE,
    bindingData(address, { username: userName(user), password }, vhost),
  )
  return withHash(secret)
}
