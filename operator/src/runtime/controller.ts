/** A controller: watched kinds on one side, a reconcile on the other, a key queue and workers between them. */

import { sameJson } from '../compare.ts'
import type { Logger } from '../log.ts'
import type { Kind, KubernetesObject, Objects } from '../objects.ts'
import type { BackoffBounds } from './backoff.ts'
import type { Clock, Random } from './clock.ts'
import type { EventRecorder } from './events.ts'
import { KeyQueue } from './key-queue.ts'
import type { RuntimeMetrics } from './metrics.ts'
import type { Key, Reconcile, ReconcileLog } from './outcome.ts'
import type { CachedObjects, Change, IndexFunction, ObjectSource } from './source.ts'
import type { SourceSet } from './source-set.ts'
import { Workers } from './worker.ts'

/** A kind whose changes make objects of the controller's own kind due. */
export interface Related {
  kind: Kind
  /** Watch only objects that carry these labels (keeps caches small). All controllers agree on them for one kind. */
  labels?: Record<string, string>
  /** The objects of the controller's kind that are due when `object` changed. */
  keys(object: KubernetesObject): readonly Key[]
  /** False for updates that do not matter to the keys. Default: every update matters. See `intentChanged`. */
  changed?(previous: KubernetesObject, current: KubernetesObject): boolean
}

/** One controller. `concurrency` (default: the operator's flag) bounds how many keys are worked on at once. */
export interface ControllerSpec {
  /** Unique; in logs and metrics. Default: the kind in lower case. */
  name?: string
  kind: Kind
  related: readonly Related[]
  /** Indexes over the objects of the kind, by name, for `CachedObjects.indexed`. */
  indexes?: Readonly<Record<string, IndexFunction>>
  reconcile: Reconcile
  concurrency?: number
}

/** What `controllers(deps)` gets. */
export interface ControllerDeps {
  objects: Objects
  cached: CachedObjects
  events: EventRecorder
  clock: Clock
  random: Random
  /** The image of brokers whose `spec.image` is empty. */
  brokerImage: string
  log: ReconcileLog
}

/**
 * True when an update changed what a user or another controller asked for (generation, labels, annotations,
 * finalizers, deletionTimestamp), and not the status only. Keeps a controller from waking itself by its own status writes.
 */
export function intentChanged(previous: KubernetesObject, current: KubernetesObject): boolean {
  const before = previous.metadata
  const after = current.metadata
  return (
    before.uid !== after.uid ||
    before.generation !== after.generation ||
    before.deletionTimestamp !== after.deletionTimestamp ||
    !sameJson(before.labels, after.labels) ||
    !sameJson(before.annotations, after.annotations) ||
    !sameJson(before.finalizers, after.finalizers)
  )
}

export interface ControllerRuntime {
  sources: SourceSet
  clock: Clock
  random: Random
  log: Logger
  metrics: RuntimeMetrics
  /** Passes at once for a controller that names no number of its own. */
  concurrency: number
}

/** Waits between passes that fail: about 0.2 s, 0.4 s, … 5 min. */
const RETRY: BackoffBounds = { baseMs: 200, maxMs: 300_000 }
/** Far above what caches of a sane cluster hold. */
const KEYS_MAX = 1_000_000

/** Collects due keys from its sources from construction on; works on them between `start` and `stop`. */
export class Controller {
  readonly #log: Logger
  readonly #queue: KeyQueue
  readonly #workers: Workers
  readonly #sources: ObjectSource[]
  #stopped = false

  constructor(spec: ControllerSpec, runtime: ControllerRuntime) {
    const { clock, random, log, metrics, sources } = runtime
    const { kind, related, reconcile } = spec
    this.#log = log
    this.#queue = new KeyQueue({ clock, random, backoff: RETRY, keysMax: KEYS_MAX })
    this.#workers = new Workers({
      controller: spec.name ?? kind.kind.toLowerCase(),
      kind: kind.kind,
      queue: this.#queue,
      reconcile,
      concurrency: spec.concurrency ?? runtime.concurrency,
      log,
      metrics,
    })
    this.#sources = [sources.source(kind), ...related.map(other => sources.source(other.kind, other.labels))]
    const own = sources.source(kind)
    for (const [index, valuesOf] of Object.entries(spec.indexes ?? {})) own.addIndex(index, valuesOf)
    own.subscribe(change => this.#takeOwn(change))
    for (const other of related) {
      sources.source(other.kind, other.labels).subscribe(change => this.#takeRelated(other, change))
    }
  }

  /** Starts the workers once every source has synced: what an unprimed cache lacks must not be taken for deleted. */
  async start(): Promise<void> {
    await Promise.all(this.#sources.map(source => source.synced()))
    if (!this.#stopped) this.#workers.start()
  }

  /** Resolves when the passes that run have ended. A stopped controller does not start again. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#workers.stop()
  }

  #takeOwn(change: Change): void {
    if (change.type === 'updated' && !intentChanged(change.previous, change.object)) return
    this.#queue.add(keyOf(change.object), change.type === 'added' && change.initial ? 'low' : 'high')
  }

  /** Related changes can make every object due at once, so they wait behind what users do. */
  #takeRelated(related: Related, change: Change): void {
    if (change.type === 'updated' && related.changed?.(change.previous, change.object) === false) return
    const objects = change.type === 'updated' ? [change.previous, change.object] : [change.object]
    const keys = objects.flatMap(object => this.#keysOf(related, object))
    // One add a key: a second one would find the key running already, and make a pass of its own.
    const unique = new Map(keys.map(key => [`${key.namespace}/${key.name}`, key]))
    for (const key of unique.values()) this.#queue.add(key, 'low')
  }

  /** A mapping that raises is a bug over one object; it must not stop the operator for all others. */
  #keysOf(related: Related, object: KubernetesObject): readonly Key[] {
    try {
      return related.keys(object)
    } catch (error) {
      const { name, namespace } = object.metadata
      this.#log.error({ err: error, kind: object.kind, key: `${namespace}/${name}` }, 'mapping to keys failed')
      return []
    }
  }
}

function keyOf(object: KubernetesObject): Key {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
}
