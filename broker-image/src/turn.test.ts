/** What gathers in a turn is done once, in the right order. */
import { expect, test } from 'vitest'
import { type EndOfTurn, Turn } from './turn.ts'

const ended = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

function item(done: string[], name: string, also: () => void = () => {}): EndOfTurn {
  return {
    scheduled: false,
    endTurn: () => {
      done.push(name)
      also()
    },
  }
}

test('queues come before confirms, those before the commit, and that before the outboxes', async () => {
  const done: string[] = []
  const turn = new Turn(() => done.push('commit'))
  turn.flush(item(done, 'outbox'))
  turn.confirm(item(done, 'confirms'))
  turn.pump(item(done, 'queue'))
  expect(done).toEqual([])
  await ended()
  expect(done).toEqual(['queue', 'confirms', 'commit', 'outbox'])
})

test('what is scheduled more than once is done once', async () => {
  const done: string[] = []
  const turn = new Turn(() => {})
  const outbox = item(done, 'outbox')
  turn.flush(outbox)
  turn.flush(outbox)
  turn.wake()
  await ended()
  expect(done).toEqual(['outbox'])
  expect(outbox.scheduled).toBe(false)
})

test('what is scheduled while the turn ends is done too', async () => {
  const done: string[] = []
  const turn = new Turn(() => done.push('commit'))
  const outbox = item(done, 'outbox')
  const second = item(done, 'second queue', () => turn.flush(outbox))
  turn.pump(item(done, 'first queue', () => turn.pump(second)))
  await ended()
  expect(done).toEqual(['first queue', 'second queue', 'commit', 'outbox'])
})

test('a turn without work ends with a commit, and no other follows by itself', async () => {
  const done: string[] = []
  const turn = new Turn(() => done.push('commit'))
  turn.wake()
  turn.wake()
  await ended()
  await ended()
  expect(done).toEqual(['commit'])
})
