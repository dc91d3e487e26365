/** The real clock where it differs from the machine's timers. */
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('waits longer than a timer of the machine can', () => {
  vi.useFakeTimers()
  let isFired = false
  const daysMs = 100 * 24 * 3_600_000
  systemClock().after(daysMs, () => {
    isFired = true
  })
  vi.advanceTimersByTime(daysMs - 1)
  expect(isFired).toBe(false)
  vi.advanceTimersByTime(1)
  expect(isFired).toBe(true)
})

test('a timer that was taken back does not fire, in whichever piece it is', () => {
  vi.useFakeTimers()
  let isFired = false
  const timer = systemClock().after(5_000_000_000, () => {
    isFired = true
  })
  vi.advanceTimersByTime(3_000_000_000)
  timer.cancel()
  vi.advanceTimersByTime(9_000_000_000)
  expect(isFired).toBe(false)
})

test('a delay below zero is none', () => {
  vi.useFakeTimers()
  let isFired = false
  systemClock().after(-5, () => {
    isFired = true
  })
  vi.advanceTimersByTime(0)
  expect(isFired).toBe(true)
})
