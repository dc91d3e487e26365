/** One flipped bit anywhere in what a stopped broker left behind, in either log: it names the place, or knows all it knew. */
import { expect, test } from 'vitest'
import { LogCorruptError, LogVersionError } from '../../src/log/errors.ts'
import { Engine } from './engines.ts'
import type { MemoryDisk } from './memory-disk.ts'

const SIZES = { residentBytesMax: 3 * 16_384, spareMax: 1, uncheckpointedMax: 1 }
const LOGS = ['meta', 'queues']
const BITS = 8
const PUBLISHED = 60
const BODY_BYTES = 700
/** Bytes of a file that are spoiled, one at a time; each time it is another bit. */
const PLACES = 40

/** A broker with every kind of definition, and messages in several segments of which some are settled. */
async function lived(): Promise<Engine> {
  const engine = new Engine(SIZES)
  const client = await engine.world.client()
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true }
  const kind = { type: 'topic', passive: false, durable: true, autoDelete: false, internal: false, noWait: true }
  for (let nth = 0; nth < 30; nth++) {
    const queue = `queue ${nth % 10}`
    client.send(1, 'queue.declare', { queue, ...flags, arguments: { 'x-max-length': 1_000 } })
    client.send(1, 'exchange.declare', { exchange: 'some', ...kind, arguments: {} })
    client.send(1, 'queue.bind', { queue, exchange: 'some', routingKey: `key.${nth}`, noWait: true, arguments: {} })
    await engine.world.settle()
  }
  for (let nth = 0; nth < PUBLISHED; nth++) {
    const properties = { deliveryMode: 2, expiration: '100000000' }
    const body = Buffer.alloc(BODY_BYTES, nth)
    client.publish(1, { exchange: 'some', routingKey: `key.${nth % 30}`, properties, body })
    if (nth % 3 === 0) client.send(1, 'basic.get', { queue: `queue ${nth % 10}`, noAck: nth % 2 === 0 })
    await engine.world.settle()
  }
  return engine
}

function startedOn(disks: { [name: string]: MemoryDisk }, nowMs: number): Engine {
  const engine = new Engine(SIZES)
  engine.startOn(disks, nowMs)
  return engine
}

/** Told by the file that is damaged, and a place in it that is not behind the damage. */
function isToldBy(error: unknown, file: string, at: number): boolean {
  if (error instanceof LogVersionError) return error.message.startsWith(file)
  return error instanceof LogCorruptError && error.file === file && error.offset <= at
}

test.each(LOGS)('in the log "%s", whose broker was stopped', async spoiled => {
  const engine = await lived()
  const nowMs = engine.world.clock.now()
  const closing = engine.world.broker.close()
  await engine.world.settle()
  await closing
  const whole = Object.fromEntries(LOGS.map(name => [name, engine.disk(name).copy()]))
  const state = startedOn(copied(whole), nowMs).state()
  let refused = 0
  for (const name of whole[spoiled]!.list()) {
    const end = whole[spoiled]!.contentOf(name).findLastIndex(byte => byte !== 0) + 1
    const step = Math.max(1, Math.floor(end / PLACES)) | 1
    for (let at = 0; at < end; at += step) {
      const disks = copied(whole)
      disks[spoiled]!.contentOf(name)[at]! ^= 1 << (at % BITS)
      let found: Engine | undefined
      try {
        found = startedOn(disks, nowMs)
      } catch (error) {
        expect(error, `${name}, byte ${at}`).toSatisfy(each => isToldBy(each, `${spoiled}/${name}`, at))
        refused++
      }
      if (found !== undefined) expect(found.state(), `${name}, byte ${at}`).toEqual(state)
    }
  }
  expect(refused).toBeGreaterThan(100)
})

function copied(disks: { [name: string]: MemoryDisk }): { [name: string]: MemoryDisk } {
  return Object.fromEntries(Object.entries(disks).map(([name, disk]) => [name, disk.copy()]))
}
