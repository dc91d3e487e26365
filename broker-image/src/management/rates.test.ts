/** Rates of counters. */
import { expect, test } from 'vitest'
import { Rates } from './rates.ts'

test('a rate is the change since the last look, a second ago or more', () => {
  let nowMs = 0
  const rates = new Rates({ now: () => nowMs, after: () => ({ cancel: () => undefined }) })
  const owner = {}
  expect(rates.withRates(owner, { ack: 10 })).toEqual({ ack: 10, ack_details: { rate: 0 } })
  nowMs = 2_000
  expect(rates.withRates(owner, { ack: 30 })).toEqual({ ack: 30, ack_details: { rate: 10 } })
  nowMs = 2_500
  expect(rates.withRates(owner, { ack: 90 })).toEqual({ ack: 90, ack_details: { rate: 10 } })
  nowMs = 4_000
  expect(rates.withRates(owner, { ack: 20 })).toEqual({ ack: 20, ack_details: { rate: -5 } })
  expect(rates.withRates({}, { ack: 20 })).toEqual({ ack: 20, ack_details: { rate: 0 } })
})
