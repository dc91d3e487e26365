/**
 * A broker node: definitions, logs, virtual hosts and connections, and the few decisions that span them.
 *
 * Start: definitions are recovered first, then the queues that they name, then the messages of those queues. From then
 * on a change of a definition is told to whoever runs by it.
 */
import type { Logger } from 'pino'
import { Access } from './access/access.ts'
import { LoginThrottle } from './access/login-throttle.ts'
import type { Alarms } from './alarms.ts'
import { bootstrap } from './bootstrap.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config/config.ts'
import type { Definitions } from './definitions/definitions.ts'
import type { VhostDefinition } from './definitions/model.ts'
import { FullDisk } from './full-disk.ts'
import { CLEANER_PATIENCE_MS } from './limits.ts'
import { Cleaner } from './log/cleaner.ts'
import type { Disk } from './log/disk.ts'
import { DiskFullError, openIn } from './log/errors.ts'
import { type LogOptions, openTransientLog, recover } from './log/recovery.ts'
import { SegmentTable } from './log/segment.ts'
import type { ShardLog } from './log/shard-log.ts'
import { type LogSizes, usualSizes } from './log-sizes.ts'
import { MetaLog } from './meta-log.ts'
import type { Listening } from './open-port.ts'
import type { QueueContext } from './queue/context.ts'
import { QueueCounters } from './queue/counters.ts'
import { Intake } from './queue/intake.ts'
import type { DeathReason } from './queue/message.ts'
import type { Queue } from './queue/queue.ts'
import type { WaitingDead } from './queue/waiting-dead.ts'
import type { WireBytes } from './queue/wire-bytes.ts'
import { checkpointOf, replayInto } from './recovery.ts'
import { reportExchanges } from './reports/report-exchanges.ts'
import { Reports } from './reports/reports.ts'
import { SafeBatch, type SafeWaiter } from './safe-batch.ts'
import type { Connection } from './session/connection.ts'
import { ConsumerTimeout } from './session/consumer-timeout.ts'
import { OutboxPool } from './session/outbox.ts'
import { Replies } from './session/replies.ts'
import type { Unacked } from './session/unacked.ts'
import { QueueTenants } from './tenants.ts'
import { Tidying } from './tidying.ts'
import { Turn } from './turn.ts'
import { deadLetter } from './vhost/dead-letters.ts'
import type { Vhost } from './vhost/vhost.ts'
import { VirtualHosts } from './vhost/virtual-hosts.ts'

export interface BrokerOptions {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  /** The folder of one log, by its name. */
  readonly disk: (name: string) => Disk
  readonly version: string
  readonly alarms: Alarms
  /** A whole number from 0 to below `count`, each as likely as the others. */
  readonly randomBelow: (count: number) => number
  /** Called when nothing can be made durable any more. */
  readonly onFatal: (error: Error) => void
  /** Sizes of the logs, for tests; by default those of limits.ts. */
  readonly logSizes?: LogSizes
}

/** A log's identity has 32 bits. */
const LOG_IDENTITIES = 2 ** 32

/** Numbers of the logs of a node, written into their files. */
const SHARD = { meta: 0, transient: 1, queues: 2 } as const

export class Broker implements QueueContext {
  readonly config: Config
  readonly clock: Clock
  readonly logger: Logger
  readonly version: string
  readonly nodeName: string
  readonly startedAtMs: number
  readonly definitions: Definitions
  readonly access: Access
  readonly alarms: Alarms
  readonly vhosts: ReadonlyMap<string, Vhost>
  readonly connections = new Set<Connection>()
  readonly queuesById = new Map<number, Queue>()
  readonly segments: SegmentTable
  readonly turn: Turn
  readonly randomBelow: (count: number) => number
  readonly outboxes = new OutboxPool()
  readonly replies = new Replies()
  /** The durable log of messages. */
  readonly log: ShardLog
  readonly intake: Intake
  readonly reports: Reports
  /** What queues counted that are gone. */
  readonly retiredCounters = new QueueCounters()
  readonly waitingDead = new Set<WaitingDead>()
  /** Listeners are open and recovery is done. */
  isReady = false
  /** The broker is on its way out: nobody comes in any more. */
  isClosing = false
  listening: readonly Listening[] = []
  readonly #virtualHosts: VirtualHosts
  readonly #meta: MetaLog
  readonly #transientLog: ShardLog
  readonly #cleaners: readonly Cleaner[]
  readonly #fullDisk: FullDisk
  readonly #tidying: Tidying
  readonly #safe = new SafeBatch()
  readonly #consumerTimeout: ConsumerTimeout
  readonly #waitingConfirms = new Set<SafeWaiter>()
  readonly #heldPublishers = new Set<Connection>()
  /** Called when everybody has an answer, or the disk fails. */
  #onAnswered: (() => void) | undefined
  /** All logs are open; false for good where one can't be. */
  #isOpen = false
  /** A log cannot be written any more. */
  #hasFailed = false

  constructor(options: BrokerOptions) {
    this.config = options.config
    this.clock = options.clock
    this.logger = options.log
    this.version = options.version
    this.alarms = options.alarms
    this.randomBelow = options.randomBelow
    this.nodeName = options.config.nodeName
    this.startedAtMs = options.clock.now()
    const sizes = options.logSizes ?? usualSizes(options.alarms)
    this.segments = new SegmentTable(sizes)
    this.turn = new Turn(() => this.#isOpen && this.#commit())
    const metaOptions = { ...this.#logOptions('meta', sizes), segmentBytes: sizes.metaSegmentBytes }
    this.#meta = openIn('meta', () => new MetaLog(options.disk('meta'), metaOptions, this.turn))
    this.definitions = this.#meta.definitions
    this.access = new Access(this.definitions, options.config, new LoginThrottle(options.clock))
    bootstrap(this.definitions, options.config)
    this.#virtualHosts = new VirtualHosts({
      definitions: this.definitions,
      queueContext: this,
      queuesById: this.queuesById,
      reportExchangesOf: vhost => reportExchanges(this.config, vhost),
    })
    this.vhosts = this.#virtualHosts.byName
    this.#virtualHosts.restore()
    this.#transientLog = openTransientLog(options.disk('transient'), this.#logOptions('transient', sizes))
    const onUnknownQueue = (id: number): void => this.definitions.passQueueId(id)
    const replay = replayInto({ queues: this.queuesById, segments: this.segments, onUnknownQueue })
    this.log = openIn('queues', () => recover(options.disk('queues'), this.#logOptions('queues', sizes), replay))
    // A checkpoint forgets ids without a queue: they must be reserved by then.
    this.definitions.whenStable(() => {
      this.log.checkpointSource = () =>
        checkpointOf(this.queuesById.values(), visit => this.#eachUnacked(unacked => unacked.each(visit)))
    })
    this.#cleaners = [this.log, this.#transientLog].map(log => this.#newCleaner(log, sizes))
    const logs = [this.#meta, this.log, this.#transientLog]
    this.#fullDisk = new FullDisk(logs, this)
    this.#tidying = new Tidying(logs, this.clock, () => this.turn.wake())
    this.intake = new Intake(this.log, this.#transientLog)
    this.reports = new Reports(this)
    this.#consumerTimeout = new ConsumerTimeout(this.clock, this.connections, this.config.consumerTimeoutMs)
    this.#hearFrom(logs, options)
    // Finds out whether there is room before anybody comes.
    if (this.log.tail !== null) this.log.retry()
    if (this.log.isShort) this.#fullDisk.found(new DiskFullError('the next segment', 'it was full before'))
    for (const { dead } of this.queuesById.values()) dead.recovered()
    this.#isOpen = true
    this.turn.wake()
  }

  /** More is waiting for the disk than publishers may pile up. */
  get isLogBehind(): boolean {
    return this.log.isBehind
  }

  /** Confirms of a channel wait for the log. */
  confirmWhenStable(confirms: SafeWaiter): void {
    this.#waitingConfirms.add(confirms)
  }

  /** Calls `done` once this batch of messages is safe; batch 0 is safe at once. */
  whenSafe(batch: number, done: () => void): void {
    if (batch <= this.#safe.batch) {
      done()
      return
    }
    const stable = (safe: number): boolean => {
      if (safe < batch) return true
      done()
      return false
    }
    this.#waitingConfirms.add({ stable })
  }

  forgetConfirms(confirms: SafeWaiter): void {
    this.#waitingConfirms.delete(confirms)
  }

  /** Stops reading from a publisher until the log has caught up. */
  holdPublisher(connection: Connection): void {
    this.#heldPublishers.add(connection)
    connection.pause(this)
  }

  releasePublisher(connection: Connection): void {
    if (this.#heldPublishers.delete(connection)) connection.resume(this)
  }

  deadLetter(queue: Queue, dead: WireBytes, reason: DeathReason, settle: () => void): boolean {
    return deadLetter(this, { queue, dead, reason, settle })
  }

  reportDamage(error: Error): void {
    this.logger.error({ err: error }, 'messages cannot be read back from disk; they are kept and not delivered')
  }

  /** A queue ends without anybody asking: unused, auto-deleted, or its connection is gone. */
  deleteQueue(queue: Queue): void {
    if (queue.deleted) return
    this.vhosts.get(queue.vhost)?.deleteQueue(queue, { ifUnused: false, ifEmpty: false })
  }

  /** Creates a virtual host, or changes its description. */
  createVhost(definition: VhostDefinition): void {
    this.#virtualHosts.create(definition)
    this.reports.traceAsDefined(definition.name)
  }

  /** Removes a virtual host with all that is in it; its connections are closed. */
  deleteVhost(name: string): void {
    for (const connection of [...this.connections]) {
      if (connection.vhost === name) connection.close(`vhost '${name}' is deleted`)
    }
    this.#virtualHosts.delete(name)
  }

  /**
   * Stops reading, confirms what was taken, closes the connections, writes checkpoints and closes the files. Sockets
   * are still open afterwards: clients have yet to read what was said to them. Rejects when a log cannot be written.
   */
  async close(): Promise<void> {
    this.isClosing = true
    this.#consumerTimeout.stop()
    this.#tidying.stop()
    for (const cleaner of this.#cleaners) cleaner.stop()
    const leaving = {}
    for (const connection of this.connections) connection.pause(leaving)
    await this.#answered()
    this.#fullDisk.stop()
    for (const connection of [...this.connections]) {
      connection.close('broker is shutting down')
      connection.resume(leaving)
    }
    await this.#meta.close()
    for (const log of [this.log, this.#transientLog]) {
      await new Promise<void>((resolve, reject) => log.close(error => (error === null ? resolve() : reject(error))))
    }
  }

  /** Ends when everybody has heard what became of their publishes and declares, or the disk fails. */
  #answered(): Promise<void> {
    return new Promise(resolve => {
      this.#onAnswered = resolve
      this.turn.wake()
      setImmediate(() => this.#tellAnswered())
    })
  }

  #tellAnswered(): void {
    if (this.#hasFailed || (this.#waitingConfirms.size === 0 && this.#meta.isStable)) this.#onAnswered?.()
  }

  #logOptions(name: keyof typeof SHARD, sizes: LogSizes): LogOptions {
    const newIdentity = () => this.randomBelow(LOG_IDENTITIES)
    const onDropped = (file: string, offset: number): void =>
      this.logger.warn({ file: `${name}/${file}`, offset }, 'a batch is not whole: taken for one that a kill cut off')
    const { segments } = this
    return { ...sizes, shardId: SHARD[name], segments, now: () => this.clock.now(), newIdentity, onDropped }
  }

  #hearFrom(logs: readonly (MetaLog | ShardLog)[], options: BrokerOptions): void {
    for (const log of [this.#meta, this.log]) log.onStable = () => this.#stable()
    for (const log of logs) log.onError = error => this.#logFailed(error, options)
    this.alarms.onChange = () => this.#alarmsChanged()
    this.definitions.listen(change => this.#virtualHosts.definitionChanged(change))
  }

  #newCleaner(log: ShardLog, { segmentBytes, cleanerPatienceMs: patienceMs = CLEANER_PATIENCE_MS }: LogSizes): Cleaner {
    const tenants = new QueueTenants(this.queuesById, visit => this.#eachUnacked(visit))
    const onDamage = (error: Error): void => this.reportDamage(error)
    const onCleaned = (movedBytes: number): void =>
      this.logger.debug({ durable: log.durable, movedBytes }, 'a log segment was cleaned')
    const wake = (): void => this.turn.wake()
    return new Cleaner({ log, tenants, segmentBytes, clock: this.clock, patienceMs, wake, onCleaned, onDamage })
  }

  #commit(): void {
    for (const cleaner of this.#cleaners) cleaner.step(this.#fullDisk.isShort || this.alarms.disk)
    this.#meta.commit()
    this.log.commit()
    this.#transientLog.commit()
    this.#tidying.look()
  }

  /** A confirm tells that a message is safe, which it is only together with the definition of its queue. */
  #stable(): void {
    this.#safe.update(this.log.stableBatch, this.#meta)
    for (const confirms of this.#waitingConfirms) {
      if (!confirms.stable(this.#safe.batch)) this.#waitingConfirms.delete(confirms)
    }
    this.#tellAnswered()
    if (!this.isLogBehind) for (const connection of [...this.#heldPublishers]) this.releasePublisher(connection)
    this.turn.wake()
  }

  #logFailed(error: Error, { onFatal }: BrokerOptions): void {
    this.#onAnswered?.()
    if (error instanceof DiskFullError) this.#fullDisk.found(error)
    else {
      this.#hasFailed = true
      onFatal(error)
    }
  }

  #eachUnacked(visit: (unacked: Unacked) => void): void {
    for (const connection of this.connections) {
      for (const channel of connection.channels.values()) if (channel.unacked.live > 0) visit(channel.unacked)
    }
  }

  #alarmsChanged(): void {
    const { alarms, logger } = this
    if (alarms.any) logger.warn({ memory: alarms.memory, disk: alarms.disk }, `${alarms.reason}: publishers wait`)
    else logger.info('enough memory and disk again: publishers go on')
    this.log.saveRoom(alarms.disk)
    this.reports.alarmsChanged(alarms)
    for (const connection of this.connections) connection.alarmsChanged()
    // Cleaners have more to do on a short disk, or can go on, though no client does anything.
    this.turn.wake()
  }
}
