/** The table of results says what was measured, and whether the goal is reached. */
import { expect, test } from 'vitest'
import type { Goal } from './cases.ts'
import { type Measured, median, outcome, table } from './report.ts'

function measured(goal: Goal, warren: number[], rabbitmq: number[]): Measured {
  const row = { figure: 'perSecond', label: 'transient', unit: 'msg/s', goal }
  return {
    row,
    values: new Map([
      ['warren', warren],
      ['rabbitmq', rabbitmq],
    ]),
  }
}

test('the median of an even count is the mean of the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

test.each<[string, Goal, string]>([
  ['a ratio that is reached passes', { ratioAtLeast: 12 }, 'reached'],
  ['a ratio that is missed is below', { ratioAtLeast: 13 }, 'not reached'],
  ['a bound from above is missed by a higher ratio', { ratioAtMost: 0.4 }, 'not reached'],
  ['an absolute bound looks at Warren alone', { atMost: 1200 }, 'reached'],
  ['no goal gives no verdict', undefined, ''],
])('%s', (_, goal, verdict) => {
  expect(outcome(measured(goal, [1000, 1200, 1400], [100, 100, 90]))).toBe(verdict)
})

test('a peer without figures gives no ratio', () => {
  expect(outcome(measured({ ratioAtLeast: 12 }, [1000], []))).toBe('no figure')
})

test('shows median, lowest, highest and ratio', () => {
  const text = table([measured({ ratioAtLeast: 12 }, [1000, 1200, 1400], [100, 100, 90])], false)
  expect(text.split('\n').at(-1)).toBe(
    '| transient | msg/s | **1,200** (1,000–1,400) | **100** (90.00–100) | 12.0 × | ≥ 12 × | reached |',
  )
})
