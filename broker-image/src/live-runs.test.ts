/** What a checkpoint holds of the messages of a queue. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LiveRuns } from './live-runs.ts'

test('numbers added in any order come back as the fewest runs, rising', () => {
  const stretches = fc.array(fc.uniqueArray(fc.nat(200), { maxLength: 60 }), { maxLength: 12 })
  fc.assert(
    fc.property(stretches, fc.boolean(), (lists, areStretchesSorted) => {
      const runs = new LiveRuns()
      const seen = new Set<number>()
      for (const list of lists) {
        const fresh = list.filter(seq => !seen.has(seq))
        if (areStretchesSorted) fresh.sort((a, b) => a - b)
        for (const seq of fresh) {
          seen.add(seq)
          runs.add(seq, 1)
        }
      }
      const sorted = runs.sorted()
      const numbers: number[] = []
      for (let i = 0; i < sorted.length; i += 2) {
        if (i > 0) expect(sorted[i]!).toBeGreaterThan(sorted[i - 2]! + sorted[i - 1]!)
        for (let seq = sorted[i]!; seq < sorted[i]! + sorted[i + 1]!; seq++) numbers.push(seq)
      }
      expect(numbers).toEqual([...seen].sort((a, b) => a - b))
    }),
  )
})

test('long runs stay whole, and numbers above 2^32 are as good as others', () => {
  const runs = new LiveRuns()
  runs.add(2 ** 40, 3)
  runs.add(2 ** 40 + 3, 1_000_000)
  runs.add(5, 2)
  expect([...runs.sorted()]).toEqual([5, 2, 2 ** 40, 1_000_003])
})
