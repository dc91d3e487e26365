/** Logs that keep more than they need, by the clock alone; and a broker at rest, whose log takes no more than it may. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../test/log/memory-disk.ts'
import { BrokerWorld } from '../test/support/broker-world.ts'
import { ManualClock } from '../test/support/manual-clock.ts'
import type { TestClient } from '../test/support/test-client.ts'
import { LOG_TIDY_MS } from './limits.ts'
import { Tidying, type UntidyLog } from './tidying.ts'

class Log implements UntidyLog {
  isUntidy = false
  tidied = 0

  tidy(): void {
    this.tidied++
  }
}

function bench() {
  const clock = new ManualClock()
  const logs = [new Log(), new Log()] as const
  const woken: number[] = []
  const tidying = new Tidying(logs, clock, () => woken.push(clock.now()))
  return { clock, logs, tidying, woken }
}

test('while nothing is untidy no timer waits, whatever else happens', () => {
  const { clock, tidying } = bench()
  tidying.look()
  expect(clock.pending).toBe(0)
})

test('an untidy log is tidied a while later, once for many turns, and again only after another turn', () => {
  const { clock, logs, tidying, woken } = bench()
  logs[1].isUntidy = true
  for (let turn = 0; turn < 10; turn++) tidying.look()
  expect(clock.pending).toBe(1)
  clock.advance(LOG_TIDY_MS - 1)
  expect(logs[1].tidied).toBe(0)
  clock.advance(1)
  expect([logs[0].tidied, logs[1].tidied, woken.length, clock.pending]).toEqual([0, 1, 1, 0])
  tidying.look()
  clock.advance(LOG_TIDY_MS)
  expect(logs[1].tidied).toBe(2)
})

test('nothing waits once it is stopped', () => {
  const { clock, logs, tidying } = bench()
  logs[0].isUntidy = true
  tidying.look()
  tidying.stop()
  tidying.look()
  expect(clock.pending).toBe(0)
})

const SEGMENT_BYTES = 8_192
const LOG_SIZES = {
  segmentBytes: SEGMENT_BYTES,
  metaSegmentBytes: 16_384,
  residentBytesMax: 10 * SEGMENT_BYTES,
  uncheckpointedMax: 100,
}
const BODY = Buffer.alloc(600)

interface Life {
  world: BrokerWorld
  disks: Map<string, MemoryDisk>
  client: TestClient
  /** Timers of a broker without clients. */
  timers: number
}

/** A broker on disks in memory, with a client that has declared two queues. */
async function broker(): Promise<Life> {
  const disks = new Map<string, MemoryDisk>()
  const world = new BrokerWorld({
    logSizes: LOG_SIZES,
    disk: name => {
      disks.set(name, new MemoryDisk(seeded(1)))
      return disks.get(name)!
    },
    eachTurn: () => {
      const busy = [...disks.values()].filter(disk => disk.pending > 0)
      for (const disk of busy) disk.run()
      return busy.length > 0
    },
  })
  const timers = world.clock.pending
  const client = await world.client()
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true, arguments: {} }
  for (const queue of ['q', 'kept']) client.send(1, 'queue.declare', { queue, ...flags })
  return { world, disks, client, timers }
}

async function publish(world: BrokerWorld, client: TestClient, routingKey: string): Promise<void> {
  client.publish(1, { routingKey, properties: { deliveryMode: 2 }, body: BODY })
  if (routingKey === 'q') client.send(1, 'basic.get', { queue: 'q', noAck: true })
  await world.settle()
}

/** Until the broker does nothing any more. */
async function rest(world: BrokerWorld, client: TestClient): Promise<void> {
  client.socket.destroy()
  await world.settle()
  for (let look = 0; look < 20; look++) await world.advance(LOG_TIDY_MS)
}

test('a broker at rest gives its disk back by the clock, and then waits for nothing', async () => {
  const { world, disks, client, timers } = await broker()
  for (let i = 0; i < 200; i++) await publish(world, client, 'q')
  /** Beside the small ones for a full disk. */
  const filesOf = (): string[] => {
    const disk = disks.get('queues')!
    return disk.list().filter(name => disk.contentOf(name).length === SEGMENT_BYTES)
  }
  expect(filesOf().length).toBeGreaterThan(10)
  await rest(world, client)
  expect(filesOf().length).toBeLessThanOrEqual(2)
  expect(world.clock.pending).toBe(timers)
})

test('a broker at rest whose disk gets short gives back what is half dead', async () => {
  const { world, client } = await broker()
  for (let i = 0; i < 30; i++) await publish(world, client, i % 3 === 0 ? 'kept' : 'q')
  await rest(world, client)
  const segments = (): number => {
    let count = 0
    for (let at = world.broker.log.tail; at !== null; at = at.previous) if (at.live > 0) count++
    return count
  }
  const before = segments()
  expect(before).toBeGreaterThan(2)
  world.resources.diskFree = 0
  for (let second = 0; second < 10; second++) await world.advance(1_000)
  expect(segments()).toBeLessThan(before)
})
