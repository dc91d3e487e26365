/** A broker without ports, clocks or disks of the machine: clients in the same process, time and faults by command. */
import { randomInt } from 'node:crypto'
import type { Socket } from 'node:net'
import { pino } from 'pino'
import { Alarms, type Resources } from '../../src/alarms.ts'
import { Broker } from '../../src/broker.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { Disk } from '../../src/log/disk.ts'
import type { LogSizes } from '../../src/log-sizes.ts'
import { Connection } from '../../src/session/connection.ts'
import { ManualClock } from './manual-clock.ts'
import { QuickDisk, type Work } from './quick-disk.ts'
import { type LoginOptions, TestClient } from './test-client.ts'
import { TestSocket } from './test-socket.ts'

const FIRST_PORT = 50_001
const MEGABYTE = 1_000_000
/** Turns without anything to do after which nothing more will come. */
const QUIET_TURNS = 4

export interface WorldOptions {
  /** Text of `rabbitmq.conf`. */
  conf?: string
  /** The folder of one log; by default one that loses nothing. */
  disk?: (name: string) => Disk
  /** Called in each turn of `settle`: lets disks go on that wait to be told. True when there was something to do. */
  eachTurn?: () => boolean
  logSizes?: LogSizes
  /** Called when a log can't be written any more; by default that is the end of the test. */
  onFatal?: (error: Error) => void
}

export class BrokerWorld {
  readonly clock = new ManualClock()
  /** What the machine says; a change is noticed with the next second. */
  readonly resources = { memoryUsed: 0, diskFree: 1_000 * MEGABYTE }
  broker: Broker
  readonly #work: Work = { pending: 0 }
  readonly #options: WorldOptions
  readonly #disks = new Map<string, Disk>()
  #nextPort = FIRST_PORT

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.broker = this.#open()
  }

  /** A new socket to the broker; nothing is sent yet. */
  socket(): TestClient {
    const socket = new TestSocket(this.#nextPort++)
    const client = new TestClient(socket)
    new Connection(this.broker, socket as unknown as Socket)
    return client
  }

  /** A client that has logged in and opened channel 1; what it heard until then is dropped. */
  async client(options: LoginOptions = {}): Promise<TestClient> {
    const client = this.socket()
    client.login(options)
    await this.settle()
    client.take()
    return client
  }

  /** Lets everything run that needs no time to pass. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      await new Promise(resolve => setImmediate(resolve))
      const isBusy = this.#options.eachTurn?.() === true || this.#work.pending > 0
      if (isBusy) quiet = 0
    }
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.settle()
  }

  /** The process is gone and another one starts on what the disks hold. */
  restart(disk: (name: string) => Disk = name => this.#disk(name)): void {
    this.clock.forget()
    this.broker = this.#open(disk)
  }

  #disk(name: string): Disk {
    const known = this.#disks.get(name)
    if (known !== undefined) return known
    const disk = this.#options.disk?.(name) ?? new QuickDisk(this.#work)
    this.#disks.set(name, disk)
    return disk
  }

  #open(disk: (name: string) => Disk = name => this.#disk(name)): Broker {
    const argv = ['--data-dir', 'unused', '--node-name', 'warren@test', '--config', 'rabbitmq.conf']
    const config = loadConfig({ argv, env: {}, readFile: () => this.#options.conf ?? '' })
    const { resources } = this
    const size = (): number => 1_000 * MEGABYTE
    const machine: Resources = {
      memoryUsed: () => resources.memoryUsed,
      memoryTotal: size,
      diskFree: () => resources.diskFree,
    }
    return new Broker({
      config,
      clock: this.clock,
      log: pino({ level: 'silent' }),
      disk,
      version: '0.0.0',
      alarms: new Alarms(config, this.clock, machine),
      randomBelow: count => randomInt(count),
      onFatal: this.#options.onFatal ?? fail,
      ...(this.#options.logSizes === undefined ? {} : { logSizes: this.#options.logSizes }),
    })
  }
}

function fail(error: Error): never {
  throw error
}
