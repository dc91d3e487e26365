/** Logs that keep more than they need, by the clock alone; and a broker at rest, whose log takes no more than it may. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../test/log/memory-disk.ts'
import { BrokerWorld } from '../test/support/broker-world.ts'
import { ManualClock } from '../test/support/manual-clock.ts'
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

test('a broker at rest gives its disk back by the clock, and then waits for nothing', async () => {
  const segmentBytes = 8_192
  const disks = new Map<string, MemoryDisk>()
  const world = new BrokerWorld({
    logSizes: { segmentBytes, metaSegmentBytes: 16_384, residentBytesMax: 10 * segmentBytes, uncheckpointedMax: 100 },
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
  const before = world.clock.pending
  const client = await world.client()
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true }
  client.send(1, 'queue.declare', { queue: 'q', ...flags, arguments: {} })
  for (let i = 0; i < 200; i++) {
    client.publish(1, { routingKey: 'q', properties: { deliveryMode: 2 }, body: Buffer.alloc(600) })
    client.send(1, 'basic.get', { queue: 'q', noAck: true })
    if (i % 10 === 9) await world.settle()
  }
  /** Beside the small ones for a full disk. */
  const filesOf = (): string[] => {
    const disk = disks.get('queues')!
    return disk.list().filter(name => disk.contentOf(name).length === segmentBytes)
  }
  expect(filesOf().length).toBeGreaterThan(10)
  client.socket.destroy()
  await world.settle()
  for (let look = 0; look < 20; look++) await world.advance(LOG_TIDY_MS)
  expect(filesOf().length).toBeLessThanOrEqual(2)
  expect(world.clock.pending).toBe(before)
})
