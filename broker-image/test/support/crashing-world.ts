/** A broker over disks that lose what was not synced when the power fails. */
import type { LogSizes } from '../../src/log-sizes.ts'
import type { Queue } from '../../src/queue/queue.ts'
import { MemoryDisk, seeded } from '../log/memory-disk.ts'
import { BrokerWorld } from './broker-world.ts'
import type { TestClient } from './test-client.ts'

export class CrashingWorld {
  readonly world: BrokerWorld
  #disks = new Map<string, MemoryDisk>()

  constructor(logSizes: LogSizes, seed = 1) {
    const random = seeded(seed)
    const disk = (name: string): MemoryDisk => {
      const made = new MemoryDisk(random)
      this.#disks.set(name, made)
      return made
    }
    this.world = new BrokerWorld({ disk, eachTurn: () => this.#turn(), logSizes })
  }

  /** The power fails, and a new process starts on what is left. */
  async crash(): Promise<void> {
    this.#disks = new Map([...this.#disks].map(([name, disk]) => [name, disk.crash()]))
    this.world.restart(name => this.#disks.get(name)!)
    await this.settle()
  }

  async settle(): Promise<void> {
    await this.world.settle()
  }

  /** Part of what there is to do: as many turns, and in each of them one operation a disk. */
  async someTurns(turns: number): Promise<void> {
    for (let i = 0; i < turns; i++) {
      await new Promise(resolve => setImmediate(resolve))
      for (const disk of this.#disks.values()) disk.step()
    }
  }

  /** A client whose channel 1 confirms. */
  async client(): Promise<TestClient> {
    const client = this.world.socket()
    client.login()
    client.send(1, 'confirm.select', { noWait: false })
    await this.settle()
    client.take()
    return client
  }

  queue(name: string): Queue {
    return this.world.broker.vhosts.get('/')!.queue(name, null)
  }

  #turn(): boolean {
    const busy = [...this.#disks.values()].filter(disk => disk.pending > 0)
    for (const disk of busy) disk.run()
    return busy.length > 0
  }
}
