/** The tests of `make fuzz`: a share of the frames of one run, in blocks that each have a broker of their own. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeAll, expect, test } from 'vitest'
import { Draw, seedsOf } from '../sim/draw.ts'
import { Battlefield } from './attack.ts'
import { recordedUtterances } from './recorded.ts'

const FRAMES = 1_000_000
const BLOCK_FRAMES = 100_000
/** Frames after which a broker has made everything that it keeps for ever (caches, pools, compiled code). */
const WARM_FRAMES = 25_000
/** What the heap differs by from one collection to the next, some 2 MiB, twice: 56 bytes left behind by each frame are seen. */
const HEAP_SLACK_BYTES = 4_194_304
const COLLECTIONS = 4

let recorded: readonly Buffer[][] = []

/** Defines the tests of share `share` of `shares`; each share may run in a process of its own. */
export function testShare(share: number, shares: number): void {
  const text = process.env['SEED'] ?? ''
  if (text === '') throw new Error('SEED is not set: `make fuzz` sets it')
  const blocks = Math.ceil(Number(process.env['FRAMES'] ?? FRAMES) / BLOCK_FRAMES)
  const seeds = seedsOf(text, blocks).filter((_, i) => i % shares === share)
  beforeAll(async () => {
    recorded = await recordedUtterances()
  })
  for (const seed of seeds) {
    test(`${BLOCK_FRAMES} frames harm nobody but who sent them: SEED=${seed}`, async () => {
      await block(seed)
    })
  }
  if (seeds.length === 0) test.skip('no seed is left for this share', () => {})
}

async function block(seed: number): Promise<void> {
  const field = new Battlefield(recorded, new Draw(seed))
  while (field.frames < WARM_FRAMES) await field.attack()
  const before = await heapBytes()
  while (field.frames < BLOCK_FRAMES) await field.attack()
  expect(field.remains()).toEqual({ connections: 1, queues: 1, readyMessages: 0 })
  expect((await heapBytes()) - before, 'bytes that attacks left behind').toBeLessThan(HEAP_SLACK_BYTES)
}

/** What is reachable. Memory of buffers is given back behind a collection's back, so that it takes some to see it. */
async function heapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let least = Number.POSITIVE_INFINITY
  for (let left = COLLECTIONS; left > 0; left--) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    least = Math.min(least, heapUsed + arrayBuffers)
  }
  return least
}
