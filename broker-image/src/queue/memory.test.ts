/** What a waiting message costs in memory. */
import { expect, test } from 'vitest'
import { Positions } from './positions.ts'
import { PriorityPositions } from './priority-positions.ts'

/** The promise of `docs/compatibility.md`, of which an expiry takes 16 bytes. */
const BYTES_A_MESSAGE = 24
const MESSAGES = 200_000

test.each([1, 2, 5, 10, 32, 256])('it is as little with %i priorities as with none', priorities => {
  const before = process.memoryUsage().arrayBuffers
  const positions =
    priorities === 1 ? new Positions() : new PriorityPositions((_segment, offset) => (offset * 7) % priorities)
  for (let seq = 1; seq <= MESSAGES; seq++) positions.put(seq, 1, seq, 10)
  expect(positions.count).toBe(MESSAGES)
  expect((process.memoryUsage().arrayBuffers - before) / MESSAGES).toBeLessThan(BYTES_A_MESSAGE)
})
