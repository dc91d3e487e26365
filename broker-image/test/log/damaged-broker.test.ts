/** One flipped bit anywhere in what a stopped broker left behind, in either log: it names the place, or knows all it knew. */
import { expect, test } from 'vitest'
import { LogCorruptError, LogVersionError } from '../../src/log/errors.ts'
import { Engine } from './engines.ts'
import { LOGS, livedBroker } from './lived-broker.ts'
import type { MemoryDisk } from './memory-disk.ts'

const SIZES = { residentBytesMax: 3 * 16_384, spareMax: 1, uncheckpointedMax: 1 }
const BITS = 8
/** Bytes of a file that are spoiled, one at a time; each time it is another bit. */
const PLACES = 40

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
