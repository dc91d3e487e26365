/** Workers: take due keys, run one pass over each, and treat its outcome. */

import { randomUUID } from 'node:crypto'
import type { Logger } from '../log.ts'
import type { KeyQueue } from './key-queue.ts'
import type { PassResult, RuntimeMetrics } from './metrics.ts'
import { type Key, type Reconcile, type ReconcileLog, TerminalError } from './outcome.ts'

export interface WorkerOptions {
  /** The controller's name and the kind it reconciles, for logs and metrics. */
  controller: string
  kind: string
  queue: KeyQueue
  reconcile: Reconcile
  /** Passes at once, over different keys. */
  concurrency: number
  log: Logger
  metrics: RuntimeMetrics
}

/** N passes at once over the keys of one queue. */
export class Workers {
  readonly #options: WorkerOptions
  #loops: Promise<void>[] = []

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  start(): void {
    this.#loops = Array.from({ length: this.#options.concurrency }, () => this.#loop())
  }

  /** Shuts the queue down and resolves when the passes that run have ended. */
  async stop(): Promise<void> {
    this.#options.queue.shutdown()
    await Promise.all(this.#loops)
  }

  async #loop(): Promise<void> {
    const { queue } = this.#options
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await this.#pass(key)
      queue.done(key)
    }
  }

  async #pass(key: Key): Promise<void> {
    const { controller, kind, queue, metrics, log } = this.#options
    const passLog = log.child({ controller, kind, key: `${key.namespace}/${key.name}`, reconcileId: randomUUID() })
    const endTimer = metrics.passSeconds.startTimer({ controller })
    metrics.running.inc({ controller })
    metrics.queueDepth.set({ controller }, queue.depth)
    const result = await this.#run(key, passLog)
    metrics.running.dec({ controller })
    metrics.queueDepth.set({ controller }, queue.depth)
    const seconds = endTimer({ result })
    passLog.debug({ result, seconds }, 'pass ended')
  }

  async #run(key: Key, log: ReconcileLog): Promise<PassResult> {
    const { queue, reconcile } = this.#options
    try {
      const outcome = await reconcile(key, log)
      queue.forget(key)
      if (outcome.kind === 'after') queue.addAfter(key, outcome.delayMs)
      return outcome.kind
    } catch (error) {
      if (error instanceof TerminalError) {
        queue.forget(key)
        log.warn({ reason: error.reason, message: error.message }, 'waiting for a change of the object')
        return 'terminal'
      }
      const retryInMs = queue.retry(key)
      log.error({ err: error, retryInMs }, 'pass failed')
      return 'retry'
    }
  }
}
