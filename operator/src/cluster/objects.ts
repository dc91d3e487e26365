/** `Objects` over the Kubernetes API: uncached reads, server-side apply, guarded deletes. */

import {
  ApiError,
  FIELD_MANAGER,
  type Kind,
  type KubernetesObject,
  type ObjectRef,
  type Objects,
  refOf,
} from '../objects.ts'
import type { ListPage, Query } from '../runtime/watch-transport.ts'
import type { ApiHttp } from './http.ts'
import { collectionPath, objectPath } from './paths.ts'

const PAGE_ITEMS = 500
const APPLY = { fieldManager: FIELD_MANAGER, force: 'true' }
const APPLY_PATCH = 'application/apply-patch+yaml'
const MERGE_PATCH = 'application/merge-patch+json'

export class ClusterObjects implements Objects {
  readonly #http: ApiHttp

  constructor(http: ApiHttp) {
    this.#http = http
  }

  async get(ref: ObjectRef): Promise<KubernetesObject | undefined> {
    try {
      return (await this.#http.request({ method: 'GET', path: objectPath(ref) })) as KubernetesObject
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async list(kind: Kind, namespace: string, labels: Record<string, string> = {}): Promise<KubernetesObject[]> {
    const path = collectionPath(kind, namespace)
    const labelSelector = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
    const selector: Query = labelSelector.length === 0 ? {} : { labelSelector: labelSelector.join(',') }
    const items: KubernetesObject[] = []
    let token: string | undefined = ''
    while (token !== undefined) {
      const query: Query = { limit: `${PAGE_ITEMS}`, ...selector, ...(token === '' ? {} : { continue: token }) }
      const page = (await this.#http.request({ method: 'GET', path, query })) as ListPage
      items.push(...page.items.map(item => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind })))
      token = page.metadata.continue || undefined
    }
    return items
  }

  async apply(object: KubernetesObject): Promise<KubernetesObject> {
    return (await this.#patch(refOf(object), '', object, {
      contentType: APPLY_PATCH,
      query: APPLY,
    })) as KubernetesObject
  }

  async applyStatus(object: KubernetesObject): Promise<void> {
    const { apiVersion, kind, status } = object
    const { name, namespace } = object.metadata
    const body = { apiVersion, kind, metadata: { name, namespace }, status }
    await this.#patch(refOf(object), '/status', body, { contentType: APPLY_PATCH, query: APPLY })
  }

  async setFinalizers(object: KubernetesObject, finalizers: string[]): Promise<void> {
    const body = { metadata: { resourceVersion: object.metadata.resourceVersion, finalizers } }
    await this.#patch(refOf(object), '', body, { contentType: MERGE_PATCH, query: { fieldManager: FIELD_MANAGER } })
  }

  async delete(ref: ObjectRef, uid?: string): Promise<void> {
    const preconditions = uid === undefined ? {} : { preconditions: { uid } }
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...preconditions }
    try {
      await this.#http.request({ method: 'DELETE', path: objectPath(ref), body })
    } catch (error) {
      if (isNotFound(error)) return
      if (uid !== undefined && isConflict(error) && (await this.get(ref))?.metadata.uid !== uid) return
      throw error
    }
  }

  #patch(ref: ObjectRef, subresource: string, body: unknown, how: { contentType: string; query: Query }) {
    return this.#http.request({ method: 'PATCH', path: `${objectPath(ref)}${subresource}`, body, ...how })
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409
}
