/** The model must see each way in which a broker can break its word. */
import { expect, test } from 'vitest'
import { QueueModel } from './queue-model.ts'

/** Three messages, the first two confirmed, the first acked before the second was published. */
function model(): QueueModel {
  const queue = new QueueModel()
  queue.published(1)
  queue.confirmed(1, 1)
  queue.acked(1, 1)
  queue.published(2)
  queue.published(3)
  queue.confirmed(2, 2)
  return queue
}

test.each<[string, number[], string[]]>([
  ['a confirmed message alone is fine', [2], []],
  ['an unconfirmed message may be there', [2, 3], []],
  ['a confirmed message is missing', [3], ['2 is lost']],
  ['an acked message is back although a later publish was confirmed', [1, 2], ['1 came back after a durable ack']],
  ['a message is there twice', [2, 2], ['2 stands behind 2']],
  ['messages have changed places', [3, 2], ['2 stands behind 3']],
  ['a message comes from nowhere', [2, 9], ['9 was gone before, or never published']],
])('%s', (_, contents, wrong) => {
  expect(model().restarted(contents)).toEqual(wrong)
})

test('an ack that nothing proves durable may be undone, but only once it is seen to be', () => {
  const queue = new QueueModel()
  for (const sequence of [1, 2]) {
    queue.published(sequence)
    queue.confirmed(sequence, sequence)
    queue.acked(sequence, Number.POSITIVE_INFINITY)
  }
  expect(queue.restarted([2])).toEqual([])
  expect(queue.restarted([1, 2])).toEqual(['1 was gone before, or never published'])
})
