/** Which segments are taken together, and when none is. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CLEANER_SEGMENTS_MAX } from '../limits.ts'
import { Segment, type SegmentOwner } from './segment.ts'
import { survey } from './victims.ts'

const SEGMENT_BYTES = 4_096
const ENTRY_BYTES = 96
const owner: SegmentOwner = { durable: true, isClosed: false, dead() {}, spill() {}, check: () => null }

/** A log whose sealed segments have so many messages without a body that live; the tail has none. */
function logOf(lives: readonly number[]): Segment {
  let last: Segment | null = null
  for (const [at, live] of [...lives, 0].entries()) {
    const segment = new Segment(at + 1, owner, SEGMENT_BYTES)
    segment.previous = last
    segment.baseLsn = at
    segment.head = SEGMENT_BYTES
    segment.stable = SEGMENT_BYTES
    segment.live = live
    last = segment
  }
  return last!
}

function victimsOf(lives: readonly number[], isShort = false, counts: (segment: Segment) => boolean = () => true) {
  return survey(logOf(lives), { segmentBytes: SEGMENT_BYTES, isShort, counts }).victims.map(({ handle }) => handle)
}

test('those least alive are taken, as many as fill one segment less by half', () => {
  expect(victimsOf([9, 2, 20, 1])).toEqual([2, 4])
  expect(victimsOf([14, 14, 14, 14])).toEqual([1, 2, 3])
})

test('the more there is too much, the more are taken together', () => {
  expect(victimsOf([9, 2, 20, 1, 3])).toEqual([2, 4, 5])
  expect(victimsOf(new Array(20).fill(1))).toHaveLength(19)
  expect(victimsOf(new Array(60).fill(1))).toHaveLength(CLEANER_SEGMENTS_MAX)
})

test('one segment alone is left as it is, but where the disk is short', () => {
  expect(victimsOf([1])).toEqual([])
  expect(victimsOf([1], true)).toEqual([1])
  expect(victimsOf([3, 30, 2], true)).toEqual([1, 3])
})

test('what is more than half alive, or does not count, is not taken', () => {
  expect(victimsOf([1, 30, 1])).toEqual([1, 3])
  expect(victimsOf([1, 1, 1], false, ({ handle }) => handle === 2)).toEqual([])
})

test('whenever more is taken than twice what lives and a segment, something can be done about it', () => {
  const most = Math.floor(SEGMENT_BYTES / ENTRY_BYTES)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: most }), { maxLength: 30 }), lives => {
      const live = lives.reduce((sum, count) => sum + count, 0) * ENTRY_BYTES
      const isTooMuch = lives.length * SEGMENT_BYTES > 2 * live + SEGMENT_BYTES
      const victims = victimsOf(lives)
      expect(victims.length > 0).toBe(isTooMuch)
      const moved = victims.reduce((sum, handle) => sum + lives[handle - 1]! * ENTRY_BYTES, 0)
      expect(2 * moved).toBeLessThanOrEqual(Math.max(0, victims.length - 1) * SEGMENT_BYTES)
    }),
  )
})
