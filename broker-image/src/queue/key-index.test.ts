/** The keys of a queue without duplicates, against a model that is a list. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import type { SegmentTable } from '../log/segment.ts'
import { KeyIndex, keyOf } from './key-index.ts'

test('values that differ in type or in anything make different keys, the same ones the same', () => {
  const values = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.double({ noNaN: true }),
    fc.string({ minLength: 90 }),
  )
  fc.assert(
    fc.property(values, values, (a, b) => {
      expect(keyOf(a)).toBe(keyOf(a))
      expect(keyOf(a) === keyOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
  )
  expect(keyOf(1)).not.toBe(keyOf('1'))
  expect(keyOf(undefined)).toBeUndefined()
})

test('a key is short enough for a short string, however long its header is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000, size: 'max' }), text => {
      expect(Buffer.byteLength(keyOf(text)!)).toBeLessThanOrEqual(64)
    }),
  )
})

const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), value: fc.nat(5) }),
  fc.record({ do: fc.constant('forget' as const), value: fc.nat(30) }),
  fc.record({ do: fc.constant('wait' as const), value: fc.nat(8) }),
)

test('a key keeps duplicates out until its message leaves, its time is over or newer keys push it out', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, sizeMax) => {
      const clock = new ManualClock()
      const segments = { bytes: () => Buffer.alloc(1) } as unknown as SegmentTable
      let key = ''
      const index = new KeyIndex({ keyIn: () => key, sizeMax, ttlMs: 10 }, { clock, segments })
      let model: { key: string; seq: number; untilMs: number }[] = []
      for (const [seq, { do: what, value }] of steps.entries()) {
        if (what === 'wait') clock.advance(value)
        else if (what === 'forget') {
          index.forget(value)
          model = model.filter(kept => kept.seq !== value)
        } else {
          key = `${value}`
          const isHere = model.some(kept => kept.key === key && kept.untilMs > clock.now())
          expect(index.has(key)).toBe(isHere)
          if (isHere) continue
          index.add({ seq, segment: 1, offset: 0, sized: 0 })
          model = [...model.filter(kept => kept.key !== key), { key, seq, untilMs: clock.now() + 10 }].slice(-sizeMax)
        }
        expect(index.count).toBe(model.length)
      }
    }),
  )
})
