/** Guessing is bounded, and only for who guesses. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/manual-clock.ts'
import { LOGIN_FAILURES_FORGIVEN_PER_SECOND, LOGIN_FAILURES_MAX, LOGIN_SOURCES_MAX } from '../limits.ts'
import type { AccessRefused } from './access-refused.ts'
import { LoginThrottle } from './login-throttle.ts'

function mayTry(throttle: LoginThrottle, address: string): boolean {
  try {
    throttle.assertMayTry(address)
    return true
  } catch {
    return false
  }
}

/** Tries until it may not, and answers how often. */
function guess(throttle: LoginThrottle, address: string): number {
  let tries = 0
  for (; mayTry(throttle, address); tries++) throttle.failed(address)
  return tries
}

test('an address may fail so often at once, and then so often a second', () => {
  const clock = new ManualClock()
  const throttle = new LoginThrottle(clock)
  expect(guess(throttle, '10.0.0.1')).toBe(LOGIN_FAILURES_MAX)
  for (const seconds of [1, 3]) {
    clock.advance(seconds * 1_000)
    expect(guess(throttle, '10.0.0.1')).toBe(seconds * LOGIN_FAILURES_FORGIVEN_PER_SECOND)
  }
  clock.advance(3_600_000)
  expect(guess(throttle, '10.0.0.1')).toBe(LOGIN_FAILURES_MAX)
})

test('whatever the rhythm, no more failures come through than were there at first and forgiven since', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ waitMs: fc.nat(5_000), tries: fc.nat(80) }), { maxLength: 20 }), rounds => {
      const clock = new ManualClock()
      const throttle = new LoginThrottle(clock)
      const startMs = clock.now()
      let failed = 0
      for (const { waitMs, tries } of rounds) {
        clock.advance(waitMs)
        for (let i = 0; i < tries && mayTry(throttle, 'x'); i++) {
          throttle.failed('x')
          failed++
        }
      }
      const forgiven = ((clock.now() - startMs) / 1_000) * LOGIN_FAILURES_FORGIVEN_PER_SECOND
      expect(failed).toBeLessThanOrEqual(LOGIN_FAILURES_MAX + forgiven)
    }),
  )
})

test('a refusal says in how many seconds the next try is looked at', () => {
  const clock = new ManualClock()
  const throttle = new LoginThrottle(clock)
  guess(throttle, 'x')
  const retrySeconds = (): number | undefined => {
    try {
      throttle.assertMayTry('x')
    } catch (error) {
      return (error as AccessRefused).retrySeconds
    }
    return 0
  }
  const seconds = retrySeconds()!
  expect(seconds).toBeGreaterThan(0)
  clock.advance(seconds * 1_000)
  expect(retrySeconds()).toBe(0)
})

test('others are not concerned; neighbours in a network of IPv6 count as one, and IPv4 in either form', () => {
  const throttle = new LoginThrottle(new ManualClock())
  guess(throttle, '::ffff:10.0.0.1')
  guess(throttle, '2001:db8::1')
  expect(mayTry(throttle, '10.0.0.1')).toBe(false)
  expect(mayTry(throttle, '10.0.0.2')).toBe(true)
  expect(mayTry(throttle, '2001:db8:0:0:ffff::')).toBe(false)
  expect(mayTry(throttle, '2001:db8:0:1::1')).toBe(true)
})

test('with too many addresses the one that failed longest ago is forgotten', () => {
  const throttle = new LoginThrottle(new ManualClock())
  guess(throttle, 'first')
  guess(throttle, 'second')
  for (let i = 0; i < LOGIN_SOURCES_MAX - 1; i++) throttle.failed(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  expect([mayTry(throttle, 'first'), mayTry(throttle, 'second')]).toEqual([true, false])
})
