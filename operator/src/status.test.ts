/** Conditions as kstatus reads them; times move only when a status turns. */

import { expect, test } from 'vitest'
import type { Condition } from './api/condition.ts'
import { conditionsOf, isReady, type Verdict } from './status.ts'

const short = (conditions: Condition[]) => conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)

const TABLE: [string, Verdict, string[]][] = [
  [
    'all is well',
    { state: 'ready', reason: 'InBroker', message: 'm' },
    ['Ready=True InBroker', 'Reconciling=False InBroker', 'Stalled=False InBroker'],
  ],
  [
    'work goes on',
    { state: 'working', reason: 'PodsNotReady', message: 'm' },
    ['Ready=False PodsNotReady', 'Reconciling=True PodsNotReady', 'Stalled=False NotStalled'],
  ],
  [
    'the user must help',
    { state: 'stalled', reason: 'InvalidConfig', message: 'm' },
    ['Ready=False InvalidConfig', 'Reconciling=False NotReconciling', 'Stalled=True InvalidConfig'],
  ],
]

test.each(TABLE)('%s', (_, verdict, expected) => {
  const conditions = conditionsOf(verdict, [], 4, 0)
  expect(short(conditions)).toEqual(expected)
  expect(conditions.every(condition => condition.observedGeneration === 4)).toBe(true)
  expect(isReady({ apiVersion: '', kind: '', metadata: { name: '' }, status: { conditions } })).toBe(
    verdict.state === 'ready',
  )
})

test('lastTransitionTime moves when a status turns, not when a message does', () => {
  const at = (state: Verdict['state'], previous: Condition[], nowMs: number) =>
    conditionsOf({ state, reason: 'R', message: String(nowMs) }, previous, 1, nowMs)
  const first = at('working', [], 0)
  const second = at('working', first, 5_000)
  expect(second.map(condition => condition.lastTransitionTime)).toEqual(Array(3).fill('1970-01-01T00:00:00Z'))
  const third = at('ready', second, 9_000)
  expect(third.map(condition => condition.lastTransitionTime)).toEqual([
    '1970-01-01T00:00:09Z',
    '1970-01-01T00:00:09Z',
    '1970-01-01T00:00:00Z',
  ])
})
