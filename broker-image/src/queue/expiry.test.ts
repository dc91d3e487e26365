/** The heap of deadlines against a sorted list. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Expiry } from './expiry.ts'

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ deadlineMs: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 2, arbitrary: fc.constant('shift' as const) },
)

test('gives deadlines in order, and equal ones in the order of the queue', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), steps => {
      const expiry = new Expiry()
      const model: [deadlineMs: number, seq: number][] = []
      for (const [seq, next] of steps.entries()) {
        if (next !== 'shift') {
          expiry.add(next.deadlineMs, seq)
          model.push([next.deadlineMs, seq])
          model.sort((a, b) => a[0] - b[0] || a[1] - b[1])
        } else if (model.length > 0) {
          expect([expiry.nextMs, expiry.nextSeq]).toEqual(model.shift())
          expiry.shift()
        }
        expect(expiry.count).toBe(model.length)
      }
      expect(expiry.nextMs).toBe(model[0]?.[0] ?? Number.POSITIVE_INFINITY)
    }),
  )
})
