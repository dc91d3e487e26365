/** A whole broker that is killed at any call of its start, and again at another, knows in the end all that it knew. */
import { expect, test } from 'vitest'
import { Engine } from './engines.ts'
import { LOGS, livedBroker } from './lived-broker.ts'
import type { MemoryDisk } from './memory-disk.ts'

const SIZES = { residentBytesMax: 3 * 16_384, spareMax: 1, uncheckpointedMax: 1 }

type Disks = { readonly [name: string]: MemoryDisk }
/** What becomes of the disks of a process that is gone. */
const ENDS: { readonly [how: string]: (disk: MemoryDisk) => MemoryDisk } = {
  'kill -9': disk => disk.kill(),
  'a power failure': disk => disk.crash(),
}

function each(disks: Disks, change: (disk: MemoryDisk) => MemoryDisk): Disks {
  return Object.fromEntries(Object.entries(disks).map(([name, disk]) => [name, change(disk)]))
}

/**
 * As a power failure leaves it while a batch is being written: whether that one is there is for recovery to say. `whole`
 * is what a start finds that nothing ends.
 */
async function leftBehind(): Promise<{ disks: Disks; nowMs: number; whole: object }> {
  const engine = await livedBroker(SIZES)
  const client = await engine.world.client()
  client.publish(1, {
    exchange: 'some',
    routingKey: 'key.1',
    properties: { deliveryMode: 2 },
    body: Buffer.alloc(3_000),
  })
  await new Promise(resolve => setImmediate(resolve))
  expect(engine.disk('queues').pending).toBeGreaterThan(0)
  engine.disk('queues').step()
  const disks = Object.fromEntries(LOGS.map(name => [name, engine.disk(name).crash()]))
  const nowMs = engine.world.clock.now()
  const copies = each(disks, disk => disk.copy())
  return { disks, nowMs, whole: kept(started(copies, nowMs)) }
}

function kept(engine: Engine): object {
  const definitions = engine.world.broker.definitions.snapshot().toString('latin1')
  return { definitions, queues: engine.queues.map(queue => engine.kept(queue)) }
}

function started(disks: Disks, nowMs: number): Engine {
  const engine = new Engine(SIZES)
  engine.startOn(disks, nowMs)
  return engine
}

/** A start of which the call `failAt` and all behind it fail. False when it needs fewer calls. */
function isCutShort(disks: Disks, nowMs: number, failAt: number): boolean {
  let calls = 0
  for (const disk of Object.values(disks)) disk.refuses = () => ++calls >= failAt
  try {
    started(disks, nowMs)
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: 'EIO' })
    return true
  } finally {
    for (const disk of Object.values(disks)) disk.refuses = () => false
  }
}

test.each(Object.keys(ENDS))('by %s, at every call while it opens its logs', async how => {
  const { disks, nowMs, whole } = await leftBehind()
  let calls = 0
  for (;;) {
    let left = each(disks, disk => disk.copy())
    if (!isCutShort(left, nowMs, calls + 1)) break
    left = each(left, ENDS[how]!)
    // Once more, elsewhere.
    if (isCutShort(left, nowMs, 1 + ((calls * 7) % (calls + 1)))) left = each(left, ENDS[how]!)
    expect(kept(started(left, nowMs)), `call ${calls + 1}`).toEqual(whole)
    calls++
  }
  expect(calls).toBeGreaterThan(20)
})

test.each(Object.keys(ENDS))('by %s, after any disk operation of its first turns', async how => {
  const { disks, nowMs, whole } = await leftBehind()
  for (let operations = 1; ; operations++) {
    const engine = started(
      each(disks, disk => disk.copy()),
      nowMs,
    )
    const done = await lived(engine, operations)
    const left = each(Object.fromEntries(LOGS.map(name => [name, engine.disk(name)])), ENDS[how]!)
    expect(kept(started(left, nowMs)), `after ${operations} operations`).toEqual(whole)
    if (done < operations) break
  }
})

/** Turns with one disk operation each, until there are none any more; answers how many there were. */
async function lived(engine: Engine, operationsMax: number): Promise<number> {
  let done = 0
  for (let quiet = 0; quiet < 4 && done < operationsMax; quiet++) {
    await new Promise(resolve => setImmediate(resolve))
    const disk = [...LOGS, 'transient'].map(name => engine.disk(name)).find(({ pending }) => pending > 0)
    if (disk === undefined) continue
    disk.step()
    done++
    quiet = 0
  }
  return done
}
