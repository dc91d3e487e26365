/** Positions against a plain sorted list, under every mix of arrivals, returns, deliveries and removals. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bodySize, isRedelivered, REDELIVERED_BIT } from './message.ts'
import { Positions } from './positions.ts'

type Command = { kind: 'push' | 'shift' | 'return' | 'take'; pick: number; gap: number }

const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom('push', 'push', 'push', 'shift', 'shift', 'return', 'take'),
  pick: fc.nat(),
  gap: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 700 }) }),
})

function held(positions: Positions): number[] {
  const seqs: number[] = []
  positions.each(() => seqs.push(positions.seq))
  return seqs
}

test('holds the same messages in the same order as a sorted list', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 900 }), commands => {
      const positions = new Positions()
      let model: number[] = []
      const out: number[] = []
      let next = 1
      for (const { kind, pick, gap } of commands) {
        if (kind === 'push') {
          next += gap
          positions.put(next, 7, next * 3, next % 100)
          model.push(next)
        } else if (kind === 'shift') {
          const found = positions.peek()
          expect(found).toBe(model.length > 0)
          if (!found) continue
          expect(positions.seq).toBe(model[0])
          expect(positions.offset).toBe(positions.seq * 3)
          out.push(model.shift()!)
          positions.shift()
        } else if (kind === 'return' && out.length > 0) {
          const seq = out.splice(pick % out.length, 1)[0]!
          positions.put(seq, 7, seq * 3, (seq % 100) | REDELIVERED_BIT)
          model = [...model, seq].sort((a, b) => a - b)
        } else if (kind === 'take' && model.length > 0) {
          const seq = model.splice(pick % model.length, 1)[0]!
          out.push(seq)
          expect(positions.take(seq)).toBe(true)
          expect(positions.take(seq)).toBe(false)
        }
        const from = pick % (next + 2)
        const following = model.find(seq => seq >= from)
        expect(positions.findFrom(from) ? positions.seq : undefined).toBe(following)
      }
      expect(held(positions)).toEqual(model)
      const runs: number[] = []
      positions.eachRun((first, count) => {
        for (let seq = first; seq < first + count; seq++) runs.push(seq)
      })
      expect(runs).toEqual(model)
      expect(positions.count).toBe(model.length)
      expect(positions.bytes).toBe(model.reduce((sum, seq) => sum + (seq % 100), 0))
    }),
    { numRuns: 200 },
  )
})

test('tells a message that came back from one that is new', () => {
  const positions = new Positions()
  positions.put(1, 1, 0, 134_217_728 | REDELIVERED_BIT)
  positions.put(2, 1, 9, 0)
  positions.peek()
  expect([isRedelivered(positions.sized), bodySize(positions.sized)]).toEqual([true, 134_217_728])
  positions.shift()
  positions.peek()
  expect([isRedelivered(positions.sized), bodySize(positions.sized)]).toEqual([false, 0])
})
