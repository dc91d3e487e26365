/** The simulation itself: it repeats, and it sees a broker that breaks its word. */
import { expect, test } from 'vitest'
import { seedsOf } from './draw.ts'
import { simulate } from './simulation.ts'

test.each(seedsOf('determinism', 3))('seed %i has one history', async seed => {
  const first = await simulate(seed)
  const second = await simulate(seed)
  expect(first.error).toBe(null)
  expect(second.history).toBe(first.history)
  expect((await simulate(seed + 1)).history).not.toBe(first.history)
})

test('a number stands for itself and its successors, a commit for seeds of its own', () => {
  expect(seedsOf('41', 3)).toEqual([41, 42, 43])
  const commits = ['4624afd', 'df5b4cd'].map(commit => seedsOf(commit, 100))
  expect(new Set(commits.flat()).size).toBe(200)
})
