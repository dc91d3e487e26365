/** Whose turn it is among the consumers of a queue. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Consumer, Consumers } from './consumers.ts'

interface Wish {
  priority?: number
  noAck?: boolean
  exclusive?: boolean
}

/** A consumer that can take as much as the test lets it. */
class TestConsumer implements Consumer {
  readonly tag: string
  readonly noAck: boolean
  readonly exclusive: boolean
  readonly priority: number
  readonly prefetchCount = 0
  readonly arguments = {}
  room = Number.POSITIVE_INFINITY

  constructor(tag: string, { priority = 0, noAck = false, exclusive = false }: Wish = {}) {
    this.tag = tag
    this.priority = priority
    this.noAck = noAck
    this.exclusive = exclusive
  }

  canTake(): boolean {
    return this.room > 0
  }

  deliver(): void {}
  pass(): void {}
  cancelled(): void {}
}

/** The tags of the next `count` turns; a turn takes from the consumer's room. */
function turns(consumers: Consumers, count: number): string[] {
  return Array.from({ length: count }, () => {
    const next = consumers.next() as TestConsumer | null
    if (next !== null) next.room--
    return next?.tag ?? '-'
  })
}

function added(...list: TestConsumer[]): Consumers {
  const consumers = new Consumers(false)
  for (const consumer of list) consumers.add(consumer)
  return consumers
}

describe('turns', () => {
  test('go round among equals', () => {
    const consumers = added(new TestConsumer('a'), new TestConsumer('b'), new TestConsumer('c'))
    expect(turns(consumers, 7)).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a'])
  })

  test('pass over whoever can not take one', () => {
    const b = new TestConsumer('b')
    b.room = 1
    expect(turns(added(new TestConsumer('a'), b, new TestConsumer('c')), 6)).toEqual(['a', 'b', 'c', 'a', 'c', 'a'])
  })

  test('come to a lower priority only when the higher one is full, and go round there too', () => {
    const high = new TestConsumer('high', { priority: 9 })
    high.room = 2
    const consumers = added(new TestConsumer('x'), new TestConsumer('y'), high)
    expect(turns(consumers, 6)).toEqual(['high', 'high', 'x', 'y', 'x', 'y'])
    high.room = 1
    expect(turns(consumers, 2)).toEqual(['high', 'x'])
  })

  test('are nobody’s when all are full or gone', () => {
    const only = new TestConsumer('only')
    only.room = 1
    const consumers = added(only)
    expect(turns(consumers, 2)).toEqual(['only', '-'])
    only.room = 1
    expect(consumers.remove(only)).toBe(true)
    expect(consumers.remove(only)).toBe(false)
    expect(turns(consumers, 1)).toEqual(['-'])
  })

  test('are fair among equals whoever comes and goes', () => {
    const change = fc.record({ kind: fc.constantFrom('add', 'remove', 'take', 'take'), pick: fc.nat() })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), changes => {
        const consumers = new Consumers(false)
        let tags = 0
        for (const { kind, pick } of changes) {
          if (kind === 'add') consumers.add(new TestConsumer(String(tags++)))
          else if (kind === 'take') consumers.next()
          else if (consumers.count > 0) consumers.remove(consumers.list[pick % consumers.count]!)
        }
        const round = Array.from({ length: consumers.count }, () => consumers.next())
        expect(new Set(round)).toEqual(new Set(consumers.list))
      }),
    )
  })
})

test('a single active consumer is the one that came first, and waits alone', () => {
  const consumers = new Consumers(true)
  const first = new TestConsumer('first')
  const second = new TestConsumer('second', { priority: 5 })
  consumers.add(first)
  consumers.add(second)
  first.room = 1
  expect(turns(consumers, 2)).toEqual(['first', '-'])
  expect(consumers.active).toBe(first)
  consumers.remove(first)
  expect(turns(consumers, 1)).toEqual(['second'])
})

test('a single active consumer stays, and the next one is of the highest priority, and of these the first', () => {
  const consumers = new Consumers(true)
  const priorities = { active: 1, low: 0, high: 5, higher: 5, same: 1 }
  for (const [tag, priority] of Object.entries(priorities)) consumers.add(new TestConsumer(tag, { priority }))
  const order = Object.keys(priorities).map(() => {
    const { active } = consumers
    consumers.remove(active!)
    return active?.tag
  })
  expect(order).toEqual(['active', 'high', 'higher', 'same', 'low'])
})

test('tells whether one is exclusive, and whether nobody acknowledges', () => {
  const consumers = new Consumers(false)
  const manual = new TestConsumer('manual')
  consumers.add(new TestConsumer('auto', { noAck: true, exclusive: true }))
  expect([consumers.hasExclusive, consumers.areAllAutoAck]).toEqual([true, true])
  consumers.add(manual)
  expect(consumers.areAllAutoAck).toBe(false)
  consumers.remove(manual)
  expect(consumers.areAllAutoAck).toBe(true)
})
