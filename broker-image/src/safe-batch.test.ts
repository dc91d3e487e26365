/** When a publisher may hear that its message is safe. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SafeBatch } from './safe-batch.ts'

test('messages wait for the definitions that were made before them', () => {
  const safe = new SafeBatch()
  safe.update(1, { lastBatch: 3, stableBatch: 2 })
  expect(safe.batch).toBe(0)
  safe.update(1, { lastBatch: 3, stableBatch: 3 })
  expect(safe.batch).toBe(1)
})

test('messages become safe while somebody declares without end', () => {
  const safe = new SafeBatch()
  for (let round = 1; round <= 100; round++) safe.update(round, { lastBatch: round + 1, stableBatch: round })
  expect(safe.batch).toBeGreaterThan(90)
})

test('no batch is safe before the definitions of its time, and every batch is safe in the end', () => {
  const step = fc.constantFrom('append message', 'append definition', 'sync messages', 'sync definitions')
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const safe = new SafeBatch()
      const messages = { gathering: 1, stableBatch: 0 }
      const definitions = { gathering: 1, lastBatch: 0, stableBatch: 0 }
      /** The newest batch of definitions when the batch of messages with this number was added to last. */
      const needs = new Map<number, number>()
      const update = (): void => {
        safe.update(messages.stableBatch, definitions)
        for (let batch = 1; batch <= safe.batch; batch++) {
          expect(definitions.stableBatch).toBeGreaterThanOrEqual(needs.get(batch) ?? 0)
        }
      }
      const actions = {
        'append message': () => needs.set(messages.gathering, definitions.lastBatch),
        'append definition': () => {
          definitions.lastBatch = definitions.gathering
        },
        'sync messages': () => {
          messages.stableBatch = messages.gathering++
        },
        'sync definitions': () => {
          definitions.stableBatch = definitions.gathering++
        },
      }
      for (const name of steps) {
        actions[name]()
        update()
      }
      definitions.stableBatch = definitions.gathering++
      update()
      definitions.stableBatch = definitions.gathering++
      update()
      expect(safe.batch).toBe(messages.stableBatch)
    }),
  )
})
