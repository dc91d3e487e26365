/** Answers keep their order, though some come late. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Fill, HeldReplies } from './held-replies.ts'

test('answers go out in the order of their places, whichever is known first', () => {
  const step = fc.record({ kind: fc.constantFrom('now', 'later', 'fill'), pick: fc.nat() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const held = new HeldReplies()
      const told: number[] = []
      const open: { place: number; fill: Fill }[] = []
      let places = 0
      const fillOne = (pick: number): void => {
        const [{ place, fill } = { place: 0, fill: () => {} }] = open.splice(pick % open.length, 1)
        fill(() => told.push(place))
      }
      for (const { kind, pick } of steps) {
        const place = places
        if (kind === 'now') {
          places++
          held.answer(() => told.push(place))
        } else if (kind === 'later') {
          places++
          open.push({ place, fill: held.reserve() })
        } else if (open.length > 0) fillOne(pick)
        const firstOpen = Math.min(places, ...open.map(({ place: other }) => other))
        expect(told).toEqual(Array.from({ length: firstOpen }, (_, at) => at))
        expect(held.count).toBe(places - firstOpen)
      }
      while (open.length > 0) fillOne(0)
      expect(told).toHaveLength(places)
    }),
  )
})

test('after the end of the channel nothing goes out', () => {
  const held = new HeldReplies()
  const told: string[] = []
  const fill = held.reserve()
  held.answer(() => told.push('behind'))
  held.clear()
  fill(() => told.push('late'))
  expect(told).toEqual([])
  held.answer(() => told.push('new'))
  expect(told).toEqual(['new'])
})
