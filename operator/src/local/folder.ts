/** Where local mode keeps things: one folder a cluster, with its data, its configuration and its Secrets. */

import { Buffer } from 'node:buffer'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BINDING_TYPE, secretObject } from '../desired/binding-secret.ts'
import { CHILD_LABELS, INSTANCE_LABEL } from '../desired/names.ts'
import type { KubernetesObject } from '../objects.ts'
import type { LocalStore } from './store.ts'

export class LocalFolder {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** Folder of one cluster; the namespace shows only when it is not the default one. */
  clusterPath(namespace: string, cluster: string): string {
    return join(this.root, namespace === 'default' ? cluster : `${namespace}.${cluster}`)
  }

  secretPath(namespace: string, cluster: string, secret: string): string {
    return join(this.clusterPath(namespace, cluster), 'secrets', secret)
  }

  /** Puts the Secrets of earlier runs into the store, so that passwords stay. Owners are of that run, and left out. */
  loadSecrets(store: LocalStore): void {
    if (!existsSync(this.root)) return
    for (const entry of readdirSync(this.root)) {
      const folder = join(this.root, entry, 'secrets')
      if (!existsSync(folder)) continue
      const [cluster = '', namespace = 'default'] = entry.split('.').reverse()
      for (const name of readdirSync(folder)) store.put(readSecret(join(folder, name), { namespace, cluster, name }))
    }
  }

  /** Keeps a folder of files for each Secret of a cluster, readable by the user alone. */
  followSecrets(store: LocalStore): void {
    store.source({ apiVersion: 'v1', kind: 'Secret' }).subscribe(change => {
      const { metadata } = change.object
      const cluster = metadata.labels?.[INSTANCE_LABEL]
      if (cluster === undefined) return
      const path = this.secretPath(metadata.namespace ?? 'default', cluster, metadata.name)
      if (change.type === 'deleted') rmSync(path, { recursive: true, force: true })
      else writeSecret(path, change.object)
    })
  }
}

function readSecret(path: string, { namespace, cluster, name }: { namespace: string; cluster: string; name: string }) {
  const texts = Object.fromEntries(readdirSync(path).map(key => [key, readFileSync(join(path, key), 'utf8')]))
  const labels = { ...CHILD_LABELS, [INSTANCE_LABEL]: cluster }
  return secretObject({ name, namespace, labels }, 'uri' in texts ? BINDING_TYPE : 'Opaque', texts)
}

function writeSecret(path: string, secret: KubernetesObject): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  for (const [key, value] of Object.entries((secret['data'] ?? {}) as { [key: string]: string })) {
    writeFileSync(join(path, key), Buffer.from(value, 'base64'), { mode: 0o600 })
  }
}
