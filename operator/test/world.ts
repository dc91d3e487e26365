/** Our reconcilers over the local store and a fake broker, with a clock that tests move. */

import type { BrokerCluster } from '../src/api/brokercluster.ts'
import { API_VERSION } from '../src/api/group.ts'
import { controllers } from '../src/controllers.ts'
import { secretObject } from '../src/desired/binding-secret.ts'
import { childLabels } from '../src/desired/names.ts'
import { LocalStore } from '../src/local/store.ts'
import type { ApiError, KubernetesObject } from '../src/objects.ts'
import type { Outcome, ReconcileLog } from '../src/runtime/outcome.ts'
import { FakeBroker } from './fake-broker.ts'

export interface World {
  store: LocalStore
  broker: FakeBroker
  events: string[]
  /** Requests for writes of children and Secrets since the start, as `kind/name`. */
  applied: string[]
  /** Set to an error to have the API server refuse StatefulSets with it. */
  refusal: ApiError | undefined
  get(kind: string, name: string): KubernetesObject | undefined
  // biome-ignore lint/suspicious/noExplicitAny: assertions walk freely through a status
  status(kind: string, name: string): any
  put(object: KubernetesObject): KubernetesObject
  pass(kind: string, name: string): Promise<Outcome>
  /** Makes the StatefulSet look as if its pods serve. */
  startPods(name: string): void
  /** A Ready cluster `orders` whose administrator is `admin`. */
  readyCluster(cluster: BrokerCluster): Promise<void>
  /** Moves the clock. */
  later(ms: number): void
  stop(): Promise<void>
}

const silent: ReconcileLog = { debug() {}, info() {}, warn() {}, error() {} }

export async function makeWorld(): Promise<World> {
  let nowMs = Date.parse('2026-01-01T00:00:00Z')
  const clock = { now: () => nowMs, after: () => () => undefined }
  const store = new LocalStore(clock.now)
  const broker = new FakeBroker()
  const managementPort = await broker.start()
  const events: string[] = []
  const applied: string[] = []
  const objects = {
    ...store.objects,
    async apply(object: KubernetesObject) {
      if (object.kind === 'StatefulSet' && world.refusal !== undefined) throw world.refusal
      applied.push(`${object.kind}/${object.metadata.name}`)
      return store.objects.apply(object)
    },
  }
  const specs = controllers(
    {
      objects,
      cached: store.cached,
      clock,
      random: () => 0.5,
      log: silent,
      brokerImage: 'warren-broker:test',
      events: {
        record: (object, type, reason) => events.push(`${object.kind}/${object.metadata.name} ${type} ${reason}`),
      },
    },
    { addressOf: () => ({ host: '127.0.0.1', amqpPort: 5672, managementPort }) },
  )
  for (const { kind, indexes = {} } of specs) {
    for (const [index, valuesOf] of Object.entries(indexes)) store.source(kind).addIndex(index, valuesOf)
  }
  const ref = (kind: string, name: string) => ({
    apiVersion: { StatefulSet: 'apps/v1', Secret: 'v1', ConfigMap: 'v1', Service: 'v1' }[kind] ?? API_VERSION,
    kind,
    namespace: 'default',
    name,
  })
  const world: World = {
    store,
    broker,
    events,
    applied,
    refusal: undefined,
    get: (kind, name) => store.cached.get(ref(kind, name)),
    status: (kind, name) => store.cached.get(ref(kind, name))?.status,
    put: object => store.put(object),
    async pass(kind, name) {
      const spec = specs.find(candidate => candidate.kind.kind === kind)
      if (spec === undefined) throw new Error(`no controller of ${kind}`)
      return spec.reconcile({ namespace: 'default', name }, silent)
    },
    startPods(name) {
      const set = world.get('StatefulSet', name)
      if (set === undefined) throw new Error(`no StatefulSet ${name}`)
      const { generation } = set.metadata
      const status = { observedGeneration: generation, replicas: 1, readyReplicas: 1 }
      void store.objects.applyStatus({ ...set, status })
    },
    async readyCluster(cluster) {
      const texts = { username: 'admin', password: broker.password }
      const metadata = { name: `${cluster.metadata.name}-default-user`, namespace: 'default' }
      const labels = childLabels(cluster.metadata.name)
      store.put(secretObject({ ...metadata, labels }, 'servicebinding.io/rabbitmq', texts))
      store.put(cluster)
      await world.pass('BrokerCluster', cluster.metadata.name)
      world.startPods(cluster.metadata.name)
      await world.pass('BrokerCluster', cluster.metadata.name)
    },
    later(ms) {
      nowMs += ms
    },
    stop: () => broker.stop(),
  }
  return world
}
