/** Keeps a cache of one kind equal to the API server: list, watch, and start over when the watch cannot be trusted. */

import type { Logger } from '../log.ts'
import type { Kind, KubernetesObject } from '../objects.ts'
import { type BackoffBounds, backoffMs } from './backoff.ts'
import type { Clock, Random } from './clock.ts'
import type { RuntimeMetrics } from './metrics.ts'
import { compareVersions, ObjectCache } from './object-cache.ts'
import type { ChangeHandler, IndexFunction, ObjectSource } from './source.ts'
import { isAnswer, isGone, parseEvent, type Query, type WatchTransport } from './watch-transport.ts'

export interface ReflectorTimings {
  /** The server ends each watch after this time, plus up to as much again (jitter). */
  serverTimeoutMs: number
  /** A watch without a line (servers send bookmarks about once a minute) for so long is taken as half-open. */
  inactivityMs: number
  /** A watch that lasted so long was healthy: what ends it is no reason to back off. */
  healthyMs: number
  backoff: BackoffBounds
}

export const REFLECTOR_TIMINGS: ReflectorTimings = {
  serverTimeoutMs: 300_000,
  inactivityMs: 150_000,
  healthyMs: 30_000,
  backoff: { baseMs: 500, maxMs: 30_000 },
}

export interface ReflectorOptions {
  kind: Kind
  /** Path of the collection, such as `/apis/warren.dev/v1alpha1/queues`. */
  path: string
  labels?: Readonly<Record<string, string>>
  transport: WatchTransport
  clock: Clock
  random: Random
  timings: ReflectorTimings
  log: Logger
  metrics: RuntimeMetrics
}

interface Page {
  items: KubernetesObject[]
  version: string
  next: string | undefined
}

const PAGE_ITEMS = 500
/** After so many bad answers in a row the point to resume from is itself suspect. No answer says nothing about it. */
const BAD_ANSWERS_MAX = 4

/** One kind of one server (or namespace), cached. Runs from `start` to `stop` and never gives up in between. */
export class Reflector implements ObjectSource {
  readonly #options: ReflectorOptions
  readonly #cache = new ObjectCache()
  readonly #firstSync = Promise.withResolvers<void>()
  /** Where the next watch resumes; undefined: list first. */
  #version: string | undefined
  #synced = false
  #stopped = false
  /** Cycles in a row that were not healthy, and those of them in which the server answered. */
  #failures = 0
  #badAnswers = 0
  /** Ends what the loop waits for now: requests of the running cycle, or a pause. */
  #interrupt: () => void = () => {}
  #loop: Promise<void> = Promise.resolve()

  constructor(options: ReflectorOptions) {
    this.#options = options
  }

  get hasSynced(): boolean {
    return this.#synced
  }

  synced(): Promise<void> {
    return this.#firstSync.promise
  }

  subscribe(handler: ChangeHandler): void {
    this.#cache.subscribe(handler)
  }

  get(namespace: string, name: string): KubernetesObject | undefined {
    return this.#cache.get(namespace, name)
  }

  list(namespace: string): readonly KubernetesObject[] {
    return this.#cache.list(namespace)
  }

  addIndex(index: string, valuesOf: IndexFunction): void {
    this.#cache.addIndex(index, valuesOf)
  }

  indexed(index: string, value: string): readonly KubernetesObject[] {
    return this.#cache.indexed(index, value)
  }

  start(): void {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#interrupt()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const pauseMs = await this.#cycle()
      if (pauseMs > 0 && !this.#stopped) await this.#pause(pauseMs)
    }
  }

  /** One list if needed, then one watch to its end. Answers how long to wait before the next, in ms. */
  async #cycle(): Promise<number> {
    const { clock, timings } = this.#options
    const abort = new AbortController()
    this.#interrupt = () => abort.abort(new Error('stopped'))
    let watchStartMs: number | undefined
    let problem: unknown
    try {
      if (this.#version === undefined) this.#version = await this.#relist(abort.signal)
      watchStartMs = clock.now()
      if (!this.#stopped) await this.#watch(this.#version, abort)
    } catch (error) {
      problem = error
    }
    const healthy = watchStartMs !== undefined && clock.now() - watchStartMs >= timings.healthyMs
    return this.#afterCycle(healthy, problem)
  }

  #afterCycle(healthy: boolean, problem: unknown): number {
    if (this.#stopped) return 0
    const { kind, log, metrics, path, random, timings } = this.#options
    this.#failures = healthy ? 0 : this.#failures + 1
    this.#badAnswers = healthy ? 0 : this.#badAnswers + (isAnswer(problem) ? 1 : 0)
    if (isGone(problem) || this.#badAnswers >= BAD_ANSWERS_MAX) this.#version = undefined
    const pauseMs = healthy ? 0 : backoffMs(timings.backoff, this.#failures, random)
    if (problem === undefined) {
      log.debug({ kind: kind.kind, retryInMs: pauseMs }, 'watch ended')
    } else {
      metrics.watchFailures.inc({ kind: kind.kind })
      log.warn({ kind: kind.kind, path, retryInMs: pauseMs, problem: String(problem) }, 'list or watch failed')
    }
    return pauseMs
  }

  async #relist(signal: AbortSignal): Promise<string> {
    const { kind, metrics } = this.#options
    metrics.lists.inc({ kind: kind.kind })
    const { items, version } = await this.#listAll(signal)
    this.#cache.replace(items, !this.#synced)
    this.#synced = true
    this.#firstSync.resolve()
    return version
  }

  /** Every page; when the pages expire under way, everything in one request instead. */
  async #listAll(signal: AbortSignal): Promise<Page> {
    const items: KubernetesObject[] = []
    let token: string | undefined
    for (;;) {
      try {
        const page = await this.#page(token === undefined ? {} : { continue: token }, signal)
        items.push(...page.items)
        if (!page.next) return { ...page, items }
        token = page.next
      } catch (error) {
        if (token === undefined || !isGone(error)) throw error
        return await this.#page({ limit: '0' }, signal)
      }
    }
  }

  async #page(query: Query, signal: AbortSignal): Promise<Page> {
    const { path, transport } = this.#options
    const page = await transport.list(path, { limit: `${PAGE_ITEMS}`, ...this.#selector(), ...query }, signal)
    const version = page.metadata?.resourceVersion
    if (!Array.isArray(page.items) || typeof version !== 'string') throw new Error(`${path} did not answer a list`)
    return { items: page.items.map(item => this.#stamp(item)), version, next: page.metadata.continue }
  }

  async #watch(version: string, abort: AbortController): Promise<void> {
    const { clock, kind, metrics, path, random, timings, transport } = this.#options
    const serverTimeoutMs = timings.serverTimeoutMs * (1 + random())
    const query = {
      ...this.#selector(),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: `${Math.ceil(serverTimeoutMs / 1000)}`,
    }
    metrics.watches.inc({ kind: kind.kind })
    const guard = guardActivity(clock, timings.inactivityMs, () => {
      abort.abort(new Error(`no line for ${timings.inactivityMs} ms`))
    })
    try {
      await this.#consume(transport.watch(path, query, abort.signal), guard.touch)
    } finally {
      guard.end()
    }
  }

  /** Applies events until the stream ends. If any came out of order something may be missing: the next cycle lists. */
  async #consume(lines: AsyncIterable<string>, touch: () => void): Promise<void> {
    let disordered = false
    try {
      for await (const line of lines) {
        touch()
        const event = parseEvent(line)
        if (this.#version !== undefined && compareVersions(event.version, this.#version) < 0) disordered = true
        else this.#version = event.version
        if (event.type === 'DELETED') this.#cache.remove(this.#stamp(event.object))
        else if (event.type !== 'BOOKMARK') this.#cache.put(this.#stamp(event.object))
      }
    } finally {
      if (disordered) this.#version = undefined
    }
  }

  #selector(): Query {
    const labels = Object.entries(this.#options.labels ?? {}).map(([name, value]) => `${name}=${value}`)
    return labels.length === 0 ? {} : { labelSelector: labels.join(',') }
  }

  #stamp(object: KubernetesObject): KubernetesObject {
    return { ...object, apiVersion: this.#options.kind.apiVersion, kind: this.#options.kind.kind }
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#options.clock.after(ms, resolve)
      this.#interrupt = () => {
        cancel()
        resolve()
      }
    })
  }
}

/** Calls `idle` once when `touch` was not called for `idleMs`. One timer, however many touches. */
function guardActivity(clock: Clock, idleMs: number, idle: () => void): { touch(): void; end(): void } {
  let lastMs = clock.now()
  let cancel = clock.after(idleMs, check)
  function check() {
    const leftMs = lastMs + idleMs - clock.now()
    if (leftMs <= 0) idle()
    else cancel = clock.after(leftMs, check)
  }
  return {
    touch() {
      lastMs = clock.now()
    },
    end: () => cancel(),
  }
}
