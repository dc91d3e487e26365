/** One pass over a BrokerCluster: observe, plan, apply, status. */

import type { BrokerCluster } from './api/brokercluster.ts'
import { API_VERSION } from './api/group.ts'
import { applyActions } from './apply.ts'
import { BrokerUnreachable } from './broker-api.ts'
import { type Contact, clusterFacts, clusterVerdict } from './cluster-status.ts'
import { desiredChildren } from './desired/children.ts'
import { configProblem } from './desired/config-check.ts'
import { type ObserveDeps, type Observed, observe } from './observe.ts'
import { plan } from './plan.ts'
import type { Random } from './runtime/clock.ts'
import { DONE, type Key, type Outcome, type Reconcile, type ReconcileLog, TerminalError } from './runtime/outcome.ts'
import { afterDrift, afterLive, afterSoon, afterWait, type Pace } from './schedule.ts'
import { Blocked, type StatusDeps, type Verdict, writeStatus } from './status.ts'
import { type BrokerSessions, LoginRefused } from './topology/sessions.ts'

export interface ClusterDeps extends ObserveDeps, StatusDeps {
  sessions: BrokerSessions
  random: Random
  pace: Pace
}

export function clusterReconciler(deps: ClusterDeps): Reconcile {
  return async (key, log) => {
    const cluster = findCluster(key, deps)
    if (cluster === undefined) {
      deps.sessions.forget(key.namespace, key.name)
      return DONE
    }
    // Children go by their owner references; there is nothing outside of Kubernetes to clean up.
    if (cluster.metadata.deletionTimestamp !== undefined) return DONE
    try {
      return await reconcile(cluster, deps, log)
    } catch (error) {
      return await reportFailure(cluster, error, deps)
    }
  }
}

function findCluster({ namespace, name }: Key, deps: ClusterDeps): BrokerCluster | undefined {
  const found = deps.cached.get({ apiVersion: API_VERSION, kind: 'BrokerCluster', namespace, name })
  return found as BrokerCluster | undefined
}

async function reconcile(cluster: BrokerCluster, deps: ClusterDeps, log: ReconcileLog): Promise<Outcome> {
  const problem = configProblem(cluster.spec.config)
  if (problem !== undefined) throw new TerminalError('InvalidConfig', problem)
  const observed = await observe(cluster, deps)
  const actions = plan(desiredChildren(cluster, observed.inputs), observed.find)
  for (const { do: what, object } of actions) {
    log.info({ child: `${object.kind}/${object.metadata.name}` }, `${what} child`)
  }
  await applyActions(actions, deps.objects)
  if (actions.some(({ object }) => object.kind === 'StatefulSet')) {
    // What was observed are the pods of the spec before.
    observed.statefulSet &&= { ...observed.statefulSet, current: false }
  }
  const contact = await contactBroker(cluster, observed, deps)
  const verdict = clusterVerdict(cluster, observed, contact)
  await writeStatus(deps, cluster, verdict, clusterFacts(cluster, observed, contact))
  if (verdict.state === 'ready') return afterLive(deps.pace, 1, deps.random)
  return observed.statefulSet?.current ? afterSoon(deps.random) : afterDrift(deps.random)
}

/** A broker is asked only once its pods serve; why it does not answer becomes part of the status. */
async function contactBroker(cluster: BrokerCluster, observed: Observed, deps: ClusterDeps): Promise<Contact> {
  const problem = (reason: string, message: string): Contact => ({
    problem: { state: reason === 'LoginRefused' ? 'stalled' : 'working', reason, message },
  })
  if (!observed.statefulSet?.current) return problem('PodsNotReady', '')
  try {
    return { session: await deps.sessions.get(cluster, deps.pace.viewAgeMs) }
  } catch (error) {
    if (error instanceof LoginRefused) {
      const fix = 'put the password that the volumes know into the Secret of status.binding'
      return problem('LoginRefused', `${error.message}: ${fix}`)
    }
    if (error instanceof BrokerUnreachable) return problem('BrokerUnreachable', error.message)
    throw error
  }
}

/** What the user can help is said in the status; children and brokers stay as they are. */
async function reportFailure(cluster: BrokerCluster, error: unknown, deps: ClusterDeps): Promise<Outcome> {
  if (!(error instanceof TerminalError || error instanceof Blocked)) throw error
  const { conditions: _, observedGeneration: __, ...facts } = cluster.status ?? {}
  const verdict: Verdict = { state: 'stalled', reason: error.reason, message: error.message }
  await writeStatus(deps, cluster, verdict, facts)
  if (error instanceof TerminalError) throw error
  return afterWait(deps.random)
}
