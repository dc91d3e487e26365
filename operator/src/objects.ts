/** Kubernetes objects as the reconcilers see them: the seam between a real API server and the local store. */

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface Metadata {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  finalizers?: string[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
}

/** Any object of Kubernetes; kinds of our own narrow `spec` and `status`. */
export interface KubernetesObject {
  apiVersion: string
  kind: string
  metadata: Metadata
  spec?: unknown
  status?: unknown
  [field: string]: unknown
}

export interface Kind {
  apiVersion: string
  kind: string
}

/** Names one object. */
export interface ObjectRef extends Kind {
  namespace: string
  name: string
}

export function refOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  return { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name }
}

/** What changes are written with; one name for the whole operator. */
export const FIELD_MANAGER = 'warren-operator'

/**
 * Reads and writes of objects. Two implementations: the Kubernetes API, and the in-memory store of local mode.
 * Reads answer what the server holds now (no cache). Every call may raise `ApiError`.
 */
export interface Objects {
  /** The object, or undefined when there is none. */
  get(ref: ObjectRef): Promise<KubernetesObject | undefined>
  /** Objects of one kind in one namespace that carry all the labels. */
  list(kind: Kind, namespace: string, labels?: Record<string, string>): Promise<KubernetesObject[]>
  /** Server-side apply under `FIELD_MANAGER`, forced; creates or updates. Answers the object as stored. */
  apply(object: KubernetesObject): Promise<KubernetesObject>
  /** Server-side apply of the status subresource; `object` carries apiVersion, kind, name, namespace and status. */
  applyStatus(object: KubernetesObject): Promise<void>
  /** Replaces the finalizers of an object if its resourceVersion is still that of `object`. */
  setFinalizers(object: KubernetesObject, finalizers: string[]): Promise<void>
  /** Deletes; an object that is gone already is success. `uid` guards against deleting a successor. */
  delete(ref: ObjectRef, uid?: string): Promise<void>
}

/** A refusal of the API: `status` is the HTTP code, `reason` Kubernetes' word (`Conflict`, `Invalid`, `NotFound`, …). */
export class ApiError extends Error {
  readonly status: number
  readonly reason: string
  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}
