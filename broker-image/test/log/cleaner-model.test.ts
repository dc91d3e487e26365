/** The cleaner against an array: it changes where messages stand, and nothing else, whenever the world ends. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stepsWithCleaning } from './log-steps.ts'
import { LogWorld, play, type Step } from './log-world.ts'
import { flush } from './owner.ts'

const ROUNDS = 24

test('after any history with cleaning a crash loses only entries that were not stable, from the end', () => {
  let cleaned = 0
  fc.assert(
    fc.property(fc.tuple(fc.integer(), stepsWithCleaning), ([seed, steps]) => {
      const world = new LogWorld(seed)
      for (const step of steps) play(world, step)
      world.check()
      expect(world.open.errors).toEqual([])
      cleaned += world.segmentsCleaned
      flush(world.open, world.disk)
      world.cleaned()
      world.restart(world.disk.crash())
    }),
    { numRuns: Number(process.env['LOG_HISTORIES'] ?? 300) },
  )
  expect(cleaned).toBeGreaterThan(0)
})

/** One message of ten is never settled; the disk does one thing at a time. */
function slowQueue(): Step[] {
  const steps: Step[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < 10; i++) {
      steps.push({ do: 'publish', queues: [1, 2], bytes: 300, fill: 1 + i, expiresAtMs: 0 })
    }
    steps.push({ do: 'settle', queue: 1, at: round, count: 10 }, { do: 'settle', queue: 2, at: round, count: 9 })
    if (round % 5 === 4) steps.push({ do: 'return', queue: 2, at: round - 4, deliveryCount: 2 })
    steps.push({ do: 'commit' }, { do: 'clean', turns: 20 })
    for (let i = 0; i < 6; i++) steps.push({ do: 'disk', steps: 1 })
  }
  return steps
}

test.each(['crash', 'kill'] as const)('a %s at any moment of cleaning leaves every message once', how => {
  const history = slowQueue()
  const moments = history.flatMap(({ do: what }, at) => (what === 'disk' || what === 'clean' ? [at] : []))
  let cleaned = 0
  for (const moment of moments) {
    const world = new LogWorld(moment)
    for (const step of history.slice(0, moment)) play(world, step)
    play(world, { do: how })
    for (let i = 0; i < 6; i++) {
      play(world, { do: 'clean', turns: 100 })
      flush(world.open, world.disk)
      world.cleaned()
    }
    world.check()
    cleaned += world.segmentsCleaned
  }
  expect(cleaned).toBeGreaterThan(moments.length)
})
