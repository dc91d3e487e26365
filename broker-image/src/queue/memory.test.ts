/** What a waiting message costs in memory. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { DensePositions } from './dense-positions.ts'
import { Positions } from './positions.ts'
import { PriorityPositions } from './priority-positions.ts'

/** The promise of `docs/compatibility.md`, of which an expiry takes 16 bytes. */
const BYTES_A_MESSAGE = 24
const MESSAGES = 200_000
/** Of 128 messages that wait. */
const PAGE_BYTES = 2_048

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes of typed arrays that somebody holds. */
function heldBytes(): number {
  // The first time finds what is held no more, and the second counts what that held.
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}

/** Bytes a message of what `fill` leaves in `positions`, which are made by it and live until they are counted. */
function bytesEach<T extends { readonly count: number }>(make: () => T, fill: (positions: T) => void): number {
  const before = heldBytes()
  const positions = make()
  fill(positions)
  const bytes = heldBytes() - before
  return bytes / positions.count
}

function putAll(positions: Pick<DensePositions, 'put'>): void {
  for (let seq = 1; seq <= MESSAGES; seq++) positions.put(seq, 1, seq, 10)
}

test.each([1, 2, 5, 10, 32, 256])('it is as little with %i priorities as with none', priorities => {
  const priorityOf = (_segment: number, offset: number): number => (offset * 7) % priorities
  const make = (): Positions | PriorityPositions =>
    priorities === 1 ? new Positions() : new PriorityPositions(priorityOf)
  expect(bytesEach(make, putAll)).toBeLessThan(BYTES_A_MESSAGE)
})

/** Numbers of `count` messages in an order in which they may come back. */
const ORDERS: { readonly [order: string]: (count: number) => number[] } = {
  'in order': count => Array.from({ length: count }, (_, at) => 1 + at),
  'the last first': count => Array.from({ length: count }, (_, at) => count - at),
  'of two consumers, one after the other': count =>
    Array.from({ length: count }, (_, at) => 1 + ((at * 2) % count) + Math.floor((at * 2) / count)),
}

test.each(Object.keys(ORDERS))('it is as little where messages have come back before others, %s', order => {
  const taken = MESSAGES * 0.95
  const bytes = bytesEach(
    () => new DensePositions(),
    positions => {
      putAll(positions)
      for (let left = taken; left > 0 && positions.peek(); left--) positions.shift()
      for (const seq of ORDERS[order]!(taken)) positions.put(seq, 1, seq, 10)
      expect(positions.count).toBe(MESSAGES)
    },
  )
  expect(bytes).toBeLessThan(BYTES_A_MESSAGE)
})

test.each(['first', 'last'])('messages that stay one in a hundred hold no page each (the %s leaves first)', end => {
  const bytes = bytesEach(
    () => new DensePositions(),
    positions => {
      putAll(positions)
      for (let at = 1; at <= MESSAGES; at++) {
        const seq = end === 'first' ? at : MESSAGES + 1 - at
        if (seq % 100 > 0) positions.take(seq)
      }
      expect(positions.count).toBe(MESSAGES / 100)
    },
  )
  expect(bytes).toBeLessThan(PAGE_BYTES / 8)
})
