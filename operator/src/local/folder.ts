/** Where local mode keeps things: one folder a cluster, with its data, its configuration and its Secrets. */

import { Buffer } from 'node:buffer'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BINDING_TYPE, secretObject } from '../desired/binding-secret.ts'
import { CHILD_LABELS, INSTANCE_LABEL } from '../desired/names.ts'
import type { KubernetesObject } from '../objects.ts'
import { isOurs } from '../plan.ts'
import type { LocalStore } from './store.ts'

export class LocalFolder {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** Makes the folder; messages and passwords in it are for the user alone. */
  create(): void {
    mkdirSync(this.root, { recursive: true, mode: 0o700 })
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
    for (const entry of foldersIn(this.root)) {
      const folder = join(this.root, entry, 'secrets')
      const [cluster = '', namespace = 'default'] = entry.split('.').reverse()
      for (const name of foldersIn(folder)) store.put(readSecret(join(folder, name), { namespace, cluster, name }))
    }
  }

  /** Keeps a folder of files for each Secret of a cluster. `fail` is told when one cannot be kept. */
  followSecrets(store: LocalStore, fail: (error: unknown) => void): void {
    store.source({ apiVersion: 'v1', kind: 'Secret' }).subscribe(change => {
      const { metadata } = change.object
      const cluster = metadata.labels?.[INSTANCE_LABEL]
      if (cluster === undefined || !isOurs(change.object, cluster)) return
      const path = this.secretPath(metadata.namespace ?? 'default', cluster, metadata.name)
      try {
        if (change.type === 'deleted') rmSync(path, { recursive: true, force: true })
        else writeSecret(path, change.object)
      } catch (error) {
        fail(error)
      }
    })
  }
}

function foldersIn(path: string): string[] {
  if (!existsSync(path)) return []
  const entries = readdirSync(path, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
}

function readSecret(path: string, { namespace, cluster, name }: { namespace: string; cluster: string; name: string }) {
  const texts = Object.fromEntries(readdirSync(path).map(key => [key, readFileSync(join(path, key), 'utf8')]))
  const labels = { ...CHILD_LABELS, [INSTANCE_LABEL]: cluster }
  return secretObject({ name, namespace, labels }, 'uri' in texts ? BINDING_TYPE : 'Opaque', texts)
}

/** Each file is there whole or not at all: half a password would lock the next run out. */
function writeSecret(path: string, secret: KubernetesObject): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const unfinished = `${path}.new`
  for (const [key, value] of Object.entries((secret['data'] ?? {}) as { [key: string]: string })) {
    writeFileSync(unfinished, Buffer.from(value, 'base64'), { mode: 0o600 })
    renameSync(unfinished, join(path, key))
  }
}
