/** The log against an array: random histories with crashes, where only what was not stable may be missing. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { steps } from './log-steps.ts'
import { LogWorld, play } from './log-world.ts'
import { flush } from './owner.ts'

test('after any history a crash loses only entries that were not stable, from the end', () => {
  const histories = fc.tuple(fc.integer(), steps)
  fc.assert(
    fc.property(histories, ([seed, steps]) => {
      const world = new LogWorld(seed)
      for (const step of steps) play(world, step)
      world.check()
      expect(world.open.errors).toEqual([])
      flush(world.open, world.disk)
      world.restart(world.disk.crash())
    }),
    { numRuns: Number(process.env['LOG_HISTORIES'] ?? 300) },
  )
})
