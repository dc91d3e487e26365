/** Random histories of a log. */
import fc from 'fast-check'
import { PLACES, type Step } from './log-world.ts'

const queue = fc.constantFrom(...PLACES)
const publishStep = fc.record({
  do: fc.constant('publish' as const),
  queues: fc.subarray(PLACES, { minLength: 1 }),
  bytes: fc.oneof({ weight: 8, arbitrary: fc.nat(900) }, { weight: 1, arbitrary: fc.nat(9_000) }),
  fill: fc.integer({ min: 1, max: 255 }),
  expiresAtMs: fc.constantFrom(0, 0, 1_700_000_000_123),
})
const settleStep = fc.record({
  do: fc.constant('settle' as const),
  queue,
  at: fc.nat(6),
  count: fc.integer({ min: 1, max: 9 }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: publishStep },
  { weight: 8, arbitrary: settleStep },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('return' as const), queue, at: fc.nat(9), deliveryCount: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), queue }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), queue }) },
  { weight: 8, arbitrary: fc.constant<Step>({ do: 'commit' }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('disk' as const), steps: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'crash' }, { do: 'kill' }, { do: 'close' }) },
)

/** Steps of any log. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 120, size: 'max' })

const cleanStep = fc.record({ do: fc.constant('clean' as const), turns: fc.nat(90) })

/** The same, and turns of a cleaner. */
export const stepsWithCleaning: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof({ weight: 30, arbitrary: step }, { weight: 14, arbitrary: cleanStep }),
  { maxLength: 200, size: 'max' },
)
