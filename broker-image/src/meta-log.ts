/** The log of definitions: each change is one entry, a checkpoint is the whole map. */
import { Definitions } from './definitions/definitions.ts'
import { encodeSnapshot } from './log/checkpoint.ts'
import type { Disk } from './log/disk.ts'
import { type LogOptions, recover } from './log/recovery.ts'
import type { ShardLog } from './log/shard-log.ts'
import type { Turn } from './turn.ts'

interface Waiter {
  readonly batch: number
  readonly done: () => void
}

export class MetaLog {
  readonly definitions: Definitions
  /** Called after more became stable. */
  onStable: () => void = () => {}
  readonly #log: ShardLog
  readonly #turn: Turn
  #lastBatch = 0
  #waiting: Waiter[] = []

  /** Recovers the definitions from `disk`. @throws LogCorruptError, LogVersionError. */
  constructor(disk: Disk, options: LogOptions, turn: Turn) {
    this.#turn = turn
    this.definitions = new Definitions({
      append: bytes => this.#append(bytes),
      whenStable: done => this.#whenStable(done),
    })
    this.#log = recover(disk, options, {
      snapshot: bytes => this.definitions.load(bytes),
      definition: bytes => this.definitions.apply(bytes),
      queue: refuse,
      enqueue: refuse,
      settle: refuse,
      returned: refuse,
      purge: refuse,
      queueDeleted: refuse,
    })
    this.#log.checkpointSource = () => encodeSnapshot(this.definitions.snapshot())
    this.#log.onStable = () => this.#stable()
  }

  /** Batch of the last change. */
  get lastBatch(): number {
    return this.#lastBatch
  }

  /** The newest batch on disk. */
  get stableBatch(): number {
    return this.#log.stableBatch
  }

  /** Every change made so far is on disk. */
  get isStable(): boolean {
    return this.stableBatch >= this.#lastBatch
  }

  set onError(handler: (error: Error) => void) {
    this.#log.onError = handler
  }

  /** The disk has no room for what the log needs. */
  get isShort(): boolean {
    return this.#log.isShort
  }

  commit(): void {
    this.#log.commit()
  }

  /** Tries again what did not fit on the disk. */
  retry(): void {
    this.#log.retry()
  }

  /** More is kept on disk than is needed. */
  get isUntidy(): boolean {
    return this.#log.isUntidy
  }

  /** Gives back what was not needed since the last call. */
  tidy(): void {
    this.#log.tidy()
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => this.#log.close(error => (error === null ? resolve() : reject(error))))
  }

  #append(bytes: Buffer): void {
    this.#log.appendDefinition(bytes)
    this.#lastBatch = this.#log.batch
    this.#turn.wake()
  }

  #whenStable(done: () => void): void {
    if (this.isStable) done()
    else this.#waiting.push({ batch: this.#lastBatch, done })
  }

  #stable(): void {
    const { stableBatch } = this.#log
    const ready = this.#waiting.filter(({ batch }) => batch <= stableBatch)
    this.#waiting = this.#waiting.filter(({ batch }) => batch > stableBatch)
    for (const { done } of ready) done()
    this.onStable()
  }
}

function refuse(): never {
  throw new Error('the log of definitions holds messages')
}
