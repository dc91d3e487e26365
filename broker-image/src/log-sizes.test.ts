/** How much of the logs stays in memory. */
import { expect, test } from 'vitest'
import { SEGMENT_BYTES, SEGMENTS_RESIDENT_MAX, SEGMENTS_RESIDENT_MIN } from './limits.ts'
import { usualSizes } from './log-sizes.ts'

test.each([
  ['a few segments where memory is small', 1, SEGMENTS_RESIDENT_MIN],
  ['a quarter of the memory that publishers may fill', 80 * SEGMENT_BYTES, 20],
  ['no more than a bound where there is plenty', 10_000 * SEGMENT_BYTES, SEGMENTS_RESIDENT_MAX],
])('%s', (_claim, memoryMax, segments) => {
  expect(usualSizes({ memoryMax }).residentBytesMax).toBe(segments * SEGMENT_BYTES)
})
