/** Deadlines by the clock alone. */
import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { Deadlines } from './deadlines.ts'

function started() {
  const clock = new ManualClock()
  const expired: number[] = []
  const deadlines = new Deadlines(clock, seqs => expired.push(...seqs))
  return { clock, expired, deadlines, startMs: clock.now() }
}

test('each fires at its time, whatever the order in which they came', () => {
  const { clock, expired, deadlines, startMs } = started()
  for (const [seq, delayMs] of [30, 10, 20, 10].entries()) deadlines.add(startMs + delayMs, seq)
  clock.advance(9)
  expect(expired).toEqual([])
  clock.advance(1)
  expect(expired).toEqual([1, 3])
  clock.advance(100)
  expect(expired).toEqual([1, 3, 2, 0])
})

test('one timer runs, however many deadlines there are', () => {
  const { clock, deadlines, startMs } = started()
  for (let seq = 0; seq < 100; seq++) deadlines.add(startMs + 1_000 - seq, seq)
  expect(clock.pending).toBe(1)
  clock.advance(2_000)
  expect(clock.pending).toBe(0)
})

test('a deadline in the past fires at once, one that is set by another too', () => {
  const clock = new ManualClock()
  const expired: number[] = []
  const deadlines: Deadlines = new Deadlines(clock, seqs => {
    for (const seq of seqs) {
      expired.push(seq)
      if (seq < 3) deadlines.add(clock.now(), seq + 1)
    }
  })
  deadlines.add(clock.now() - 5, 1)
  clock.advance(0)
  expect(expired).toEqual([1, 2, 3])
})

test('none fires after the end', () => {
  const { clock, expired, deadlines, startMs } = started()
  deadlines.add(startMs + 1, 1)
  deadlines.stop()
  clock.advance(10)
  expect(expired).toEqual([])
})
