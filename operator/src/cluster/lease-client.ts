/** The one Lease of the operator, by compare-and-swap on its resourceVersion. */

import { ApiError } from '../objects.ts'
import type { Lease, LeaseClient } from '../runtime/leader.ts'
import type { ApiHttp } from './http.ts'
import { collectionPath, objectPath } from './paths.ts'

interface LeaseObject {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace: string; resourceVersion?: string }
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    leaseTransitions?: number
    acquireTime?: string
    renewTime?: string
  }
}

const KIND = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }

export function leaseClient(http: ApiHttp, namespace: string, name: string): LeaseClient {
  const path = objectPath({ ...KIND, namespace, name })
  return {
    async get() {
      try {
        return leaseOf((await http.request({ method: 'GET', path })) as LeaseObject)
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }
    },
    async put(lease) {
      const body = objectOf(lease, namespace, name)
      const stored =
        lease.resourceVersion === undefined
          ? await http.request({ method: 'POST', path: collectionPath(KIND, namespace), body })
          : await http.request({ method: 'PUT', path, body })
      return leaseOf(stored as LeaseObject)
    },
  }
}

function leaseOf({ metadata, spec = {} }: LeaseObject): Lease {
  return {
    ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
    holderIdentity: spec.holderIdentity ?? '',
    leaseDurationSeconds: spec.leaseDurationSeconds ?? 0,
    leaseTransitions: spec.leaseTransitions ?? 0,
    acquireTimeMs: Date.parse(spec.acquireTime ?? '') || 0,
    renewTimeMs: Date.parse(spec.renewTime ?? '') || 0,
  }
}

function objectOf(lease: Lease, namespace: string, name: string): LeaseObject {
  const version = lease.resourceVersion === undefined ? {} : { resourceVersion: lease.resourceVersion }
  return {
    ...KIND,
    metadata: { name, namespace, ...version },
    spec: {
      holderIdentity: lease.holderIdentity,
      leaseDurationSeconds: lease.leaseDurationSeconds,
      leaseTransitions: lease.leaseTransitions,
      acquireTime: microTime(lease.acquireTimeMs),
      renewTime: microTime(lease.renewTimeMs),
    },
  }
}

/** `metav1.MicroTime`: the API takes exactly six digits of a second. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
