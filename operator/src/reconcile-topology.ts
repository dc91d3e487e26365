/** One pass over a Queue, Policy or User: the same steps for each kind, which differs only in its `TopologyKind`. */

import type { BrokerCluster } from './api/brokercluster.ts'
import type { ClusterRef } from './api/cluster-ref.ts'
import { API_VERSION } from './api/group.ts'
import type { KindDefinition, Resource } from './api/kind.ts'
import { BrokerRefusal, BrokerUnreachable } from './broker-api.ts'
import { isServing } from './cluster-status.ts'
import { elderOf } from './elder.ts'
import { ApiError, type Objects } from './objects.ts'
import type { Random } from './runtime/clock.ts'
import { DONE, type Outcome, type Reconcile, type ReconcileLog } from './runtime/outcome.ts'
import type { CachedObjects } from './runtime/source.ts'
import { afterDrift, afterLive, afterWait, type Pace } from './schedule.ts'
import { Blocked, type StatusDeps, type Verdict, writeStatus } from './status.ts'
import type { Difference } from './topology/change.ts'
import { type BrokerSessions, LoginRefused, makeChanges, type Session } from './topology/sessions.ts'

/** Holds the Kubernetes object until the broker has forgotten what it stood for. */
const FINALIZER = 'warren.dev/broker'

/** What goes for good is judged by a fresh view: the broker's own check does not count messages that wait for an ack. */
const REMOVAL_VIEW_AGE_MS = 1_000

export type TopologyObject = Resource<{ clusterRef: ClusterRef }, object>

export interface TopologyDeps extends StatusDeps {
  objects: Objects
  cached: CachedObjects
  sessions: BrokerSessions
  random: Random
  pace: Pace
}

/** A deletion goes on to the end, or says what it waits for. */
export type Removal = { difference: Difference } | { wait: Verdict }

/** What tells one kind of topology from another. */
export interface TopologyKind<Item extends TopologyObject> {
  definition: KindDefinition
  /** True when numbers of the status move by themselves. */
  live: boolean
  /** What the object stands for in the broker: virtual host and name, or a name alone. */
  identity(item: Item): readonly string[]
  /** What the broker needs to hold the object. May raise `Blocked`. */
  difference(item: Item, session: Session, cluster: BrokerCluster): Promise<Difference>
  /** Fields of the status besides conditions, after the changes were made. */
  facts(item: Item, session: Session): object
  /** What deleting the object does in the broker. */
  removal(item: Item, session: Session): Removal
  /** Whether the object may go without the broker being asked. */
  leaves(item: Item): boolean
}

export function topologyReconciler<Item extends TopologyObject>(
  kind: TopologyKind<Item>,
  deps: TopologyDeps,
): Reconcile {
  const pass = new TopologyPass(kind, deps)
  return async ({ namespace, name }, log) => {
    const ref = { apiVersion: API_VERSION, kind: kind.definition.kind, namespace, name }
    const item = deps.cached.get(ref) as Item | undefined
    if (item === undefined) return DONE
    const cluster = pass.clusterOf(item)
    return item.metadata.deletionTimestamp === undefined
      ? pass.uphold(item, cluster, log)
      : pass.remove(item, cluster, log)
  }
}

class TopologyPass<Item extends TopologyObject> {
  readonly #kind: TopologyKind<Item>
  readonly #deps: TopologyDeps

  constructor(kind: TopologyKind<Item>, deps: TopologyDeps) {
    this.#kind = kind
    this.#deps = deps
  }

  clusterOf(item: Item): BrokerCluster | undefined {
    const { namespace } = item.metadata
    const ref = { apiVersion: API_VERSION, kind: 'BrokerCluster', namespace, name: item.spec.clusterRef.name }
    return this.#deps.cached.get(ref) as BrokerCluster | undefined
  }

  async uphold(item: Item, cluster: BrokerCluster | undefined, log: ReconcileLog): Promise<Outcome> {
    if (cluster === undefined || cluster.metadata.deletionTimestamp !== undefined || !isServing(cluster)) {
      await this.#report(item, notReady(item.spec.clusterRef.name, cluster))
      return DONE
    }
    const elder = elderOf(this.#kind, item, this.#deps.cached)
    if (elder !== undefined) {
      await this.#report(item, nameTaken(elder))
      return afterWait(this.#deps.random)
    }
    if (!hasFinalizer(item)) {
      await this.#deps.objects.setFinalizers(item, [...(item.metadata.finalizers ?? []), FINALIZER])
    }
    try {
      const session = await this.#deps.sessions.get(cluster, this.#deps.pace.viewAgeMs)
      const difference = await this.#kind.difference(item, session, cluster)
      await this.#carryOut(difference, session, log)
      const verdict: Verdict = { state: 'ready', reason: 'InBroker', message: 'the broker holds it as the spec says' }
      await writeStatus(this.#deps, item, verdict, this.#kind.facts(item, session))
      const { pace, random } = this.#deps
      return this.#kind.live ? afterLive(pace, session.view.queues.size, random) : afterDrift(random)
    } catch (error) {
      await this.#report(item, verdictOf(error))
      return afterWait(this.#deps.random)
    }
  }

  /** Deletions end: with the cluster gone or going, the broker's part goes with it; what an older object has stays. */
  async remove(item: Item, cluster: BrokerCluster | undefined, log: ReconcileLog): Promise<Outcome> {
    if (!hasFinalizer(item)) return DONE
    const gone = cluster === undefined || cluster.metadata.deletionTimestamp !== undefined
    const others = elderOf(this.#kind, item, this.#deps.cached) !== undefined
    if (gone || others || this.#kind.leaves(item)) return this.#release(item)
    if (!isServing(cluster)) {
      await this.#report(item, notReady(item.spec.clusterRef.name, cluster))
      return DONE
    }
    try {
      const session = await this.#deps.sessions.get(cluster, REMOVAL_VIEW_AGE_MS)
      const result = this.#kind.removal(item, session)
      if ('wait' in result) {
        await writeStatus(this.#deps, item, result.wait, this.#kind.facts(item, session))
        return afterWait(this.#deps.random)
      }
      await this.#carryOut(result.difference, session, log)
    } catch (error) {
      await this.#report(item, verdictOf(error))
      return afterWait(this.#deps.random)
    }
    return this.#release(item)
  }

  async #carryOut(difference: Difference, session: Session, log: ReconcileLog): Promise<void> {
    if ('refusal' in difference) throw new Blocked(difference.refusal.reason, difference.refusal.message)
    await makeChanges(session, difference.changes, change => log.info({ change: change.do }, 'changed the broker'))
  }

  async #release(item: Item): Promise<Outcome> {
    const rest = (item.metadata.finalizers ?? []).filter(finalizer => finalizer !== FINALIZER)
    try {
      await this.#deps.objects.setFinalizers(item, rest)
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
    return DONE
  }

  /** Tells why it is not Ready; numbers and bindings of the last good pass stand. */
  async #report(item: Item, verdict: Verdict): Promise<void> {
    const { conditions: _, observedGeneration: __, ...facts } = (item.status ?? {}) as { [field: string]: unknown }
    await writeStatus(this.#deps, item, verdict, facts)
  }
}

function hasFinalizer(item: TopologyObject): boolean {
  return item.metadata.finalizers?.includes(FINALIZER) ?? false
}

function notReady(name: string, cluster: BrokerCluster | undefined): Verdict {
  const state = cluster === undefined ? 'does not exist' : 'is not Ready'
  return {
    state: 'working',
    reason: 'ClusterNotReady',
    message: `BrokerCluster "${name}" ${state}; this goes on when it is`,
  }
}

function nameTaken({ kind, metadata }: TopologyObject): Verdict {
  return {
    state: 'stalled',
    reason: 'NameTaken',
    message: `spec.name: ${kind} "${metadata.name}", which is older, already stands for it in the broker: delete one of the two`,
  }
}

/** Errors that become part of the status; all others are for the worker, which tries again with back-off. */
function verdictOf(error: unknown): Verdict {
  if (error instanceof Blocked) return { state: 'stalled', reason: error.reason, message: error.message }
  if (error instanceof BrokerRefusal) {
    return {
      state: 'stalled',
      reason: 'RefusedByBroker',
      message: `the broker answered ${error.status}: ${error.message}`,
    }
  }
  if (error instanceof BrokerUnreachable || error instanceof LoginRefused) {
    return { state: 'working', reason: 'BrokerUnreachable', message: error.message }
  }
  throw error
}
