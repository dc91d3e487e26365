/** One broker node of a simulation: its disks outlive its processes, and time passes only when it is told to. */
import type { Socket } from 'node:net'
import { pino } from 'pino'
import { Alarms } from '../../src/alarms.ts'
import { Broker } from '../../src/broker.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { LogSizes } from '../../src/log-sizes.ts'
import { Connection } from '../../src/session/connection.ts'
import { MemoryDisk, type Random, seeded } from '../log/memory-disk.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { TestClient } from '../support/test-client.ts'
import { TestSocket } from '../support/test-socket.ts'

const DISKS = ['meta', 'queues', 'transient'] as const
const FIRST_PORT = 50_001
const MEGABYTE = 1_000_000
const BROKERS_SEED = 1
const STARTS_MAX = 5
const IDLE_ROUNDS_MAX = 10_000
const CONFIG = loadConfig({
  argv: ['--data-dir', 'unused', '--node-name', 'warren@sim', '--config', 'rabbitmq.conf'],
  env: {},
  readFile: () => '',
})

type Disks = Record<(typeof DISKS)[number], MemoryDisk>

export class SimNode {
  clock = new ManualClock()
  broker: Broker
  /** Why the process can't go on, if so. */
  fatal: Error | null = null
  /** Something could not be read back from disk. */
  isDamaged = false
  /** A fault was planted since the process started. */
  isFaulty = false
  readonly #random: Random
  /** What the broker itself leaves to chance: apart, so that it changes no other draw. */
  readonly #brokersRandom = seeded(BROKERS_SEED)
  readonly #sizes: LogSizes
  #disks: Disks
  #isFull = false
  #nextPort = FIRST_PORT

  constructor(random: Random, sizes: LogSizes) {
    this.#random = random
    this.#sizes = sizes
    this.#disks = { meta: new MemoryDisk(random), queues: new MemoryDisk(random), transient: new MemoryDisk(random) }
    this.broker = this.#start()
  }

  get now(): number {
    return this.clock.now()
  }

  /** No new file fits on the disk. */
  get isFull(): boolean {
    return this.#isFull
  }

  set isFull(full: boolean) {
    this.#isFull = full
    for (const disk of Object.values(this.#disks)) disk.bytesMax = full ? 0 : Number.POSITIVE_INFINITY
  }

  /** Disk operations that have not ended. */
  get pending(): number {
    return Object.values(this.#disks).reduce((sum, disk) => sum + disk.pending, 0)
  }

  /** Names of the files of the log of messages. */
  get files(): string[] {
    return this.#disks.queues.list()
  }

  socket(): TestClient {
    const socket = new TestSocket(this.#nextPort++)
    const client = new TestClient(socket)
    new Connection(this.broker, socket as unknown as Socket)
    return client
  }

  /** One of the next operations of one disk fails. */
  plantFault(disk: (typeof DISKS)[number], within: number, code: 'EIO' | 'ENOSPC'): void {
    const target = this.#disks[disk]
    target.failAt = target.calls + 1 + Math.floor(this.#random() * within)
    target.failCode = code
    target.tearsInSectors = true
    this.isFaulty = true
  }

  clearFaults(): void {
    for (const disk of Object.values(this.#disks)) disk.failAt = 0
  }

  /** Lets events happen, and up to `diskSteps` disk operations end in between. */
  async settle(diskSteps: number): Promise<void> {
    await turns()
    for (let left = diskSteps; left > 0 && this.pending > 0; left--) {
      this.#step()
      if (this.#random() < 0.3) await turns()
    }
    await turns()
  }

  /** Lets everything happen that needs no time to pass. */
  async settleAll(): Promise<void> {
    await turns()
    for (let round = 0; this.pending > 0; round++) {
      if (round > IDLE_ROUNDS_MAX) throw new Error('the disks never come to rest')
      this.#step()
      await turns()
    }
  }

  /** The machine loses power, and comes back. */
  crash(): void {
    this.#replace(disk => disk.crash())
  }

  /** The process is killed, and another one starts. Call it between turns. */
  kill(): void {
    this.#replace(disk => disk.kill())
  }

  /** The process ends in order, and another one starts. Rejects when the broker could not close its logs. */
  async restart(): Promise<void> {
    let isClosed = false
    const closed = this.broker.close().finally(() => {
      isClosed = true
    })
    while (!isClosed) {
      await turns()
      if (this.pending > 0) this.#step()
    }
    await closed
    this.kill()
  }

  #replace(next: (disk: MemoryDisk) => MemoryDisk): void {
    const { meta, queues, transient } = this.#disks
    this.#disks = { meta: next(meta), queues: next(queues), transient: next(transient) }
    this.isFull = this.#isFull
    this.clock = new ManualClock(this.now)
    this.broker = this.#start()
  }

  /** A start that the disk prevents is tried again, as an operator of the machine would. */
  #start(): Broker {
    for (let tried = 1; ; tried++) {
      this.fatal = null
      this.isDamaged = false
      try {
        return this.#open()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EIO' || tried === STARTS_MAX) throw error
        this.clock = new ManualClock(this.now)
      }
    }
  }

  #open(): Broker {
    const destination = { write: (line: string) => this.#logged(line) }
    return new Broker({
      config: CONFIG,
      clock: this.clock,
      log: pino({ level: 'error' }, destination),
      disk: name => this.#disks[name as keyof Disks],
      version: '0.0.0',
      alarms: new Alarms(CONFIG, this.clock, {
        memoryUsed: () => 0,
        memoryTotal: () => 1_000 * MEGABYTE,
        diskFree: () => 1_000 * MEGABYTE,
      }),
      randomBelow: count => Math.floor(this.#brokersRandom() * count),
      onFatal: error => {
        this.fatal ??= error
      },
      logSizes: this.#sizes,
    })
  }

  #logged(line: string): void {
    if (line.includes('cannot be read back')) this.isDamaged = true
  }

  #step(): void {
    const waiting = Object.values(this.#disks).filter(disk => disk.pending > 0)
    waiting[Math.floor(this.#random() * waiting.length)]?.step()
  }
}

/** Two turns of the event loop: what the first one starts at its end, the second one ends. */
async function turns(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  await new Promise(resolve => setImmediate(resolve))
}
