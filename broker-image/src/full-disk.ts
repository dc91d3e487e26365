/** A disk without room for a log: publishers wait, and it is tried again from time to time until there is room. */
import type { Logger } from 'pino'
import type { Alarms } from './alarms.ts'
import type { Clock, Timer } from './clock.ts'

/** Time until a full disk is tried again. */
const RETRY_MS = 1_000

/** A log as far as it counts here. */
export interface ShortLog {
  /** It has no room for what it needs. */
  readonly isShort: boolean
  /** Tries again what did not fit. */
  retry(): void
}

/** What of the node has to do with it. */
export interface ShortNode {
  readonly clock: Clock
  readonly logger: Pick<Logger, 'error' | 'info'>
  readonly alarms: Pick<Alarms, 'isLogShort'>
}

export class FullDisk {
  /** Some log has no room. */
  isShort = false
  readonly #logs: readonly ShortLog[]
  readonly #node: ShortNode
  #timer: Timer | undefined
  #isStopped = false

  constructor(logs: readonly ShortLog[], node: ShortNode) {
    this.#logs = logs
    this.#node = node
  }

  /** A log has found no room. */
  found(error: Error): void {
    if (this.isShort) return
    this.isShort = true
    this.#node.logger.error({ err: error }, 'the disk is full: publishes wait until there is room')
    this.#node.alarms.isLogShort = true
    this.#retryLater()
  }

  /** Nothing is tried again: the logs will be closed. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #retryLater(): void {
    if (!this.#isStopped) this.#timer = this.#node.clock.after(RETRY_MS, () => this.#retry())
  }

  #retry(): void {
    this.isShort = this.#logs.some(log => log.isShort)
    if (this.isShort) {
      for (const log of this.#logs) log.retry()
      this.#retryLater()
      return
    }
    this.#node.logger.info('the disk has room again')
    this.#node.alarms.isLogShort = false
  }
}
