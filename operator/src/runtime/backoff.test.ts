/** The waits between attempts. */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

it('doubles from the base to the cap, and takes at most half away by chance', () => {
  const bounds = { baseMs: 100, maxMs: 5000 }
  expect([1, 2, 3, 7, 1000].map(failures => backoffMs(bounds, failures, () => 1))).toEqual([100, 200, 400, 5000, 5000])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, chance) => {
      const most = backoffMs(bounds, failures, () => 1)
      const wait = backoffMs(bounds, failures, () => chance)
      expect(wait).toBeGreaterThanOrEqual(most / 2)
      expect(wait).toBeLessThanOrEqual(most)
    }),
  )
})
