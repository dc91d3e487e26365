/** One flipped bit anywhere in a broker's files: its start names the place or knows all that it knew, and nothing damaged is delivered. */
import { expect, test } from 'vitest'
import { LogCorruptError, LogVersionError } from '../../src/log/errors.ts'
import { segmentFileNumber } from '../../src/log/segment-files.ts'
import type { Queue } from '../../src/queue/queue.ts'
import type { HeardContent } from '../support/test-client.ts'
import { Engine } from './engines.ts'
import { BODY_BYTES, EXPIRATION, LOGS, livedBroker } from './lived-broker.ts'
import { type MemoryDisk, seeded } from './memory-disk.ts'

const SIZES = { residentBytesMax: 3 * 16_384, spareMax: 1, uncheckpointedMax: 1 }
const BITS = 8
/** Bytes of a file that are spoiled, one at a time; each time it is another bit. */
const PLACES = 40
/** Lives of a broker whose files are damaged while it runs. */
const ROUNDS = 40

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
  const engine = await livedBroker(SIZES)
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
  expect(refused).toBeGreaterThan(PLACES)
})

function copied(disks: { [name: string]: MemoryDisk }): { [name: string]: MemoryDisk } {
  return Object.fromEntries(Object.entries(disks).map(([name, disk]) => [name, disk.copy()]))
}

test('while it runs, what was damaged on disk is not delivered, and told with its place', async () => {
  const random = seeded(1)
  const failures: Error[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const engine = await livedBroker(SIZES)
    const disk = engine.disk('queues')
    const names = disk.list().filter(name => segmentFileNumber(name) !== null)
    const name = names[Math.floor(random() * names.length)]!
    const bytes = disk.contentOf(name)
    const at = Math.floor(random() * (bytes.findLastIndex(byte => byte !== 0) + 1))
    bytes[at]! ^= 1 << Math.floor(random() * BITS)
    for (const { properties, body } of await taken(engine)) {
      expect(properties, `${name}, byte ${at}`).toEqual({ deliveryMode: 2, expiration: EXPIRATION })
      expect(body, `${name}, byte ${at}`).toEqual(Buffer.alloc(BODY_BYTES, body[0]))
    }
    const found = engine.queues.flatMap(queue => failureOf(engine, queue) ?? [])
    for (const error of found) expect(error).toMatchObject({ name: 'LogCorruptError', file: name })
    failures.push(...found)
  }
  expect(failures.length).toBeGreaterThan(ROUNDS / 4)
})

/** All that can be got from all queues. */
async function taken(engine: Engine): Promise<HeardContent[]> {
  const client = await engine.world.client()
  for (const { name, messagesReady } of engine.queues) {
    for (let left = messagesReady; left > 0; left--) client.send(1, 'basic.get', { queue: name, noAck: true })
  }
  await engine.world.settle()
  return client.take().flatMap(heard => (heard.kind === 'method' ? (heard.content ?? []) : []))
}

/** Why the first message of a queue can't be read. */
function failureOf({ world }: Engine, { ready }: Queue): Error | null {
  return ready.peek() ? world.broker.segments.get(ready.segment).failure : null
}
