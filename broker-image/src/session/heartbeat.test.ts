/** Heartbeats by the clock alone. */
import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { Heartbeat } from './heartbeat.ts'

function started(intervalSeconds: number) {
  const clock = new ManualClock()
  const traffic = { receivedBytes: 0, sentBytes: 0, isHeld: false }
  const seen = { beats: 0, isMissed: false }
  const heartbeat = new Heartbeat(clock, intervalSeconds, traffic, {
    beat: () => {
      seen.beats++
      traffic.sentBytes += 8
    },
    missed: () => {
      seen.isMissed = true
    },
  })
  return { clock, traffic, seen, heartbeat }
}

test('one goes out in each interval of silence, none while we talk', () => {
  const { clock, traffic, seen } = started(10)
  for (let second = 0; second < 60; second++) {
    traffic.receivedBytes++
    clock.advance(1_000)
  }
  expect(seen.beats).toBeGreaterThanOrEqual(6)
  const before = seen.beats
  for (let second = 0; second < 60; second++) {
    traffic.receivedBytes++
    traffic.sentBytes++
    clock.advance(1_000)
  }
  expect(seen.beats).toBe(before)
})

test('a peer is gone after two intervals of silence, and no sooner', () => {
  const { clock, traffic, seen } = started(10)
  clock.advance(7_000)
  traffic.receivedBytes++
  clock.advance(19_999)
  expect(seen.isMissed).toBe(false)
  clock.advance(10_000)
  expect(seen.isMissed).toBe(true)
})

test('a peer that we do not read from is not gone', () => {
  const { clock, traffic, seen } = started(10)
  traffic.isHeld = true
  clock.advance(100_000)
  expect(seen.isMissed).toBe(false)
  traffic.isHeld = false
  clock.advance(30_000)
  expect(seen.isMissed).toBe(true)
})

test('none are sent or missed without an interval, or after the end', () => {
  const without = started(0)
  expect(without.clock.pending).toBe(0)
  const ended = started(10)
  ended.heartbeat.stop()
  ended.clock.advance(100_000)
  expect(ended.seen).toEqual({ beats: 0, isMissed: false })
})
