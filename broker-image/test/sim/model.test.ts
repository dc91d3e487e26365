/** The model itself: that it allows what a broker may do. */
import { expect, test } from 'vitest'
import { Model } from './model.ts'
import { expire } from './model-deaths.ts'
import { requeue } from './model-returns.ts'

test('a message whose time may have been over late may reach the last of several queues later still', () => {
  const model = new Model(0)
  const to = (queue: string) => ({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue })
  const first = model.declare('first', true, to('second'))
  model.declare('second', true, { 'x-message-ttl': 1_000, ...to('third') })
  const third = model.declare('third', true, {})
  const message = { exchange: '', routingKey: 'first', persistent: true, size: 10, ttlMs: 1_000 }
  const { targets } = model.publish(message)
  model.delivered({ queue: first, key: targets[0]!.key, flagged: false, by: first, hold: () => {} })
  model.endStep()
  requeue(model, targets)
  // It came back, and its deadline must be read from disk.
  expire(model, 10_000, false)
  expect(third.ready.length).toBe(1)
  model.rest()
  model.counted(third, 0)
  expect(third.ready.length).toBe(0)
  // Now the queue learns of it, and so does the next within a second.
  expire(model, 11_000, true)
  expect(third.ready.length).toBe(1)
})
