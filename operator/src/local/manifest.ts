/** Reads manifests for local mode: YAML documents of our kinds, Secrets and ConfigMaps. */

import { Buffer } from 'node:buffer'
import { loadAll } from 'js-yaml'
import { API_VERSION } from '../api/group.ts'
import { KINDS } from '../api/kinds.ts'
import type { KubernetesObject } from '../objects.ts'

/** A manifest that cannot be read; the message says which document and why. */
export class ManifestError extends Error {}

const PLAIN_KINDS = ['Secret', 'ConfigMap']

/** A DNS subdomain (RFC 1123), as API servers want names; here they become names of folders. */
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/
const NAME_CHARACTERS_MAX = 253

/** The objects of a file, in its order, each in a namespace. Raises `ManifestError`. */
export function parseManifest(text: string): KubernetesObject[] {
  let documents: unknown[]
  try {
    documents = loadAll(text) as unknown[]
  } catch (error) {
    throw new ManifestError((error as Error).message.split('\n')[0] ?? 'no YAML')
  }
  const objects = documents.flatMap((document, index) =>
    document === undefined || document === null ? [] : [objectOf(document, index + 1)],
  )
  if (objects.length === 0) throw new ManifestError('there is no object in it')
  const seen = new Set<string>()
  for (const { kind, metadata } of objects) {
    const name = `${kind} "${metadata.name}"${metadata.namespace === 'default' ? '' : ` of namespace ${metadata.namespace}`}`
    if (seen.has(name)) throw new ManifestError(`${name} is there twice`)
    seen.add(name)
  }
  return objects
}

function objectOf(document: unknown, position: number): KubernetesObject {
  const where = `document ${position}`
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new ManifestError(`${where} is not an object of Kubernetes`)
  }
  const object = document as Partial<KubernetesObject>
  const { apiVersion, kind } = object
  const ours = KINDS.some(known => known.kind === kind) && apiVersion === API_VERSION
  const plain = PLAIN_KINDS.includes(kind ?? '') && apiVersion === 'v1'
  if (!ours && !plain) {
    const known = [...KINDS.map(one => one.kind), ...PLAIN_KINDS].join(', ')
    throw new ManifestError(`${where} is of kind ${apiVersion} ${kind}; local mode knows ${known} (${API_VERSION}, v1)`)
  }
  if (typeof object.metadata?.name !== 'string' || object.metadata.name === '') {
    throw new ManifestError(`${where} (${kind}) has no metadata.name`)
  }
  const { name, labels, annotations, namespace = 'default' } = object.metadata
  for (const [field, text] of Object.entries({ name, namespace })) {
    if (NAME.test(text) && text.length <= NAME_CHARACTERS_MAX) continue
    throw new ManifestError(
      `${where} (${kind}): metadata.${field} "${text}" must be of lower-case letters, digits, dashes and dots, with a ` +
        `letter or digit at both ends, and at most ${NAME_CHARACTERS_MAX} characters`,
    )
  }
  const metadata = { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) }
  return withEncodedData({ ...object, metadata } as KubernetesObject)
}

/** A Secret's `stringData` is for writing only; what is stored is `data`. */
function withEncodedData(object: KubernetesObject): KubernetesObject {
  const { stringData, ...rest } = object
  if (object.kind !== 'Secret' || stringData === undefined) return object
  const data = { ...((object['data'] as object | undefined) ?? {}) } as { [key: string]: string }
  for (const [key, text] of Object.entries(stringData as { [key: string]: unknown })) {
    data[key] = Buffer.from(String(text), 'utf8').toString('base64')
  }
  return { ...rest, data } as KubernetesObject
}
