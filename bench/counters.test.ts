/** The counters must catch what would make a figure worthless: loss, duplicates, disorder. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfirmCounter, DeliveryCounter, LaneCounter } from './counters.ts'
import { write32 } from './wire.ts'

const nothing = () => {}

function body(sequence: number): Buffer {
  const bytes = Buffer.alloc(16)
  write32(bytes, 0, sequence)
  return bytes
}

function laneBody(sequence: number, lane: number): Buffer {
  const bytes = body(sequence)
  write32(bytes, 4, lane)
  return bytes
}

test('counts deliveries that come in order', () => {
  const counter = new DeliveryCounter(16, nothing)
  for (let i = 0; i < 3; i++) {
    counter.delivery(i + 1)
    counter.body(body(i), 0, 16)
  }
  expect(counter.received).toBe(3)
})

test.each([
  ['a lost message', [0, 2]],
  ['a doubled message', [0, 0]],
  ['a swapped message', [1, 0]],
])('refuses %s', (_, sequences) => {
  const counter = new DeliveryCounter(16, nothing)
  const deliver = () => {
    for (const each of sequences) counter.body(body(each), 0, 16)
  }
  expect(deliver).toThrow('was due')
})

test('refuses a body of another size', () => {
  expect(() => new DeliveryCounter(16, nothing).body(Buffer.alloc(20), 0, 20)).toThrow('a body of 20 bytes')
})

test('counts the lanes of several consumers each in its order, however they mix', () => {
  const lanes = fc.array(fc.tuple(fc.nat(2), fc.nat(1)), { maxLength: 50 })
  fc.assert(
    fc.property(lanes, deliveries => {
      const counter = new LaneCounter({ bodyBytes: 16, consumers: 3, lanes: 2 }, nothing)
      const next = new Map<string, number>()
      for (const [i, [consumer, lane]] of deliveries.entries()) {
        const due = next.get(`${consumer} ${lane}`) ?? 0
        next.set(`${consumer} ${lane}`, due + 1)
        counter.delivery(i + 1, consumer)
        counter.body(laneBody(due, lane), 0, 16)
      }
      expect(counter.received).toBe(deliveries.length)
    }),
  )
})

test('refuses a message of one lane that overtook another', () => {
  const counter = new LaneCounter({ bodyBytes: 16, consumers: 1, lanes: 2 }, nothing)
  counter.delivery(1, 0)
  counter.body(laneBody(0, 0), 0, 16)
  counter.delivery(2, 0)
  expect(() => counter.body(laneBody(1, 1), 0, 16)).toThrow('message 1 where 0 was due, lane 1')
})

test('counts every confirm once, single and multiple, whatever order the singles take', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8]), singles => {
      const counter = new ConfirmCounter(8, nothing)
      for (const tag of singles) counter.confirm(tag, false)
      expect(counter.confirmed).toBe(singles.length)
      if (singles.length < 8) counter.confirm(8, true)
      expect(counter.confirmed).toBe(8)
    }),
  )
})

test('refuses a confirm of what was confirmed before', () => {
  const counter = new ConfirmCounter(8, nothing)
  counter.confirm(4, true)
  expect(() => counter.confirm(3, false)).toThrow('unconfirmed from 5')
})
