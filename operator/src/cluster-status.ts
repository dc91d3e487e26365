/** What the status of a BrokerCluster says, from what was observed. Pure. */

import type { BrokerCluster, BrokerClusterStatus } from './api/brokercluster.ts'
import type { ConditionType } from './api/condition.ts'
import { childNames } from './desired/names.ts'
import type { Observed } from './observe.ts'
import type { Verdict } from './status.ts'
import type { Session } from './topology/sessions.ts'

/** The session with the broker, or why there is none. */
export type Contact = { session: Session } | { problem: Verdict }

type Facts = Omit<BrokerClusterStatus, 'conditions' | 'observedGeneration'>

/** Whether its brokers can be asked: it is Ready, or Stalled over its spec while those of the last good one go on. */
export function isServing({ status }: BrokerCluster): boolean {
  const holds = (type: ConditionType) => status?.conditions?.some(one => one.type === type && one.status === 'True')
  return holds('Ready') === true || (holds('Stalled') === true && (status?.readyReplicas ?? 0) > 0)
}

export function clusterVerdict(cluster: BrokerCluster, observed: Observed, contact: Contact): Verdict {
  const set = observed.statefulSet
  const { replicas } = cluster.spec
  if (set === undefined || !set.current) {
    return {
      state: 'working',
      reason: 'PodsNotReady',
      message: `${set?.ready ?? 0} of ${replicas} brokers serve clients${set?.ready === replicas ? ', not yet all as the spec says' : ''}`,
    }
  }
  if ('problem' in contact) return contact.problem
  return { state: 'ready', reason: 'BrokersReady', message: `${set.ready} of ${replicas} brokers serve clients` }
}

export function clusterFacts(cluster: BrokerCluster, observed: Observed, contact: Contact): Facts {
  const { name } = cluster.metadata
  const { host, amqpPort, managementPort } = observed.inputs.address
  const set = observed.statefulSet
  const session = 'session' in contact ? contact.session : undefined
  return {
    replicas: set?.replicas ?? 0,
    readyReplicas: set?.ready ?? 0,
    nodes: nodes(cluster, set?.ready ?? 0, session?.version),
    endpoints: { amqp: `${host}:${amqpPort}`, management: `http://${host}:${managementPort}` },
    binding: { name: childNames(name).defaultUser },
    ...counts(session, cluster.status),
  }
}

/** While the broker cannot be asked the last numbers stand: nobody knows that they changed. */
function counts(session: Session | undefined, previous: BrokerClusterStatus | undefined): Facts {
  if (session === undefined) {
    const { queues, messages, consumers } = previous ?? {}
    return {
      ...(queues !== undefined && { queues }),
      ...(messages !== undefined && { messages }),
      ...(consumers !== undefined && { consumers }),
    }
  }
  const all = [...session.view.queues.values()]
  return {
    queues: all.length,
    messages: all.reduce((sum, queue) => sum + (queue.messages ?? 0), 0),
    consumers: all.reduce((sum, queue) => sum + (queue.consumers ?? 0), 0),
  }
}

function nodes(cluster: BrokerCluster, ready: number, version: string | undefined) {
  return Array.from({ length: cluster.spec.replicas }, (_, ordinal) => ({
    name: `${cluster.metadata.name}-${ordinal}`,
    ready: ordinal < ready,
    ...(version !== undefined && ordinal < ready && { version }),
  }))
}
