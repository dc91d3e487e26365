/** What is short on the node: memory or disk. While it is, publishers wait and consumers go on [RabbitMQ `alarms`]. */
import type { Clock } from './clock.ts'
import type { Config } from './config/config.ts'
import { watermarkBytes } from './config/settings.ts'

/** What the machine says of itself, in bytes. */
export interface Resources {
  memoryUsed(): number
  memoryTotal(): number
  diskFree(): number
}

const CHECK_MS = 1_000

export class Alarms {
  memory = false
  disk = false
  /** A log found no room on the disk, whatever the system says is free. */
  #isLogShort = false
  /** Called after either changed. */
  onChange: () => void = () => {}
  readonly #clock: Clock
  readonly #resources: Resources
  /** Bytes of memory above which publishers wait. */
  readonly memoryMax: number
  readonly #diskFreeMin: number

  constructor(config: Config, clock: Clock, resources: Resources) {
    this.#clock = clock
    this.#resources = resources
    this.memoryMax = watermarkBytes(config.memoryHighWatermark, resources.memoryTotal())
    // RabbitMQ's relative limit is a multiple of the memory.
    this.#diskFreeMin = watermarkBytes(config.diskFreeLimit, resources.memoryTotal())
    this.#check()
  }

  /** Some alarm is on. */
  get any(): boolean {
    return this.memory || this.disk
  }

  /** What `connection.blocked` gives as the reason. */
  get reason(): string {
    const short = [this.memory ? 'memory' : '', this.disk ? 'disk space' : ''].filter(word => word !== '')
    return `low on ${short.join(' & ')}`
  }

  /** A log found the disk full, or finds room again. */
  set isLogShort(isShort: boolean) {
    this.#isLogShort = isShort
    this.#look()
  }

  #check(): void {
    this.#look()
    this.#clock.after(CHECK_MS, () => this.#check())
  }

  #look(): void {
    const isDiskShort = this.#isLogShort || this.#resources.diskFree() < this.#diskFreeMin
    this.#set(this.#resources.memoryUsed() > this.memoryMax, isDiskShort)
  }

  #set(memory: boolean, disk: boolean): void {
    if (memory === this.memory && disk === this.disk) return
    this.memory = memory
    this.disk = disk
    this.onChange()
  }
}
