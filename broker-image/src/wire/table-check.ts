/** Walks a field table without decoding it: what a publisher sends is passed on unread, so it must be readable to others. */
import { TABLE_DEPTH_MAX } from '../limits.ts'
import { ConnectionError } from './errors.ts'
import { readU32 } from './integers.ts'

const SIZED = -1
const NESTED_TABLE = -2
const NESTED_ARRAY = -3

/** Bytes of a value by the letter of its type; negative where the value says so itself. The letters are RabbitMQ's. */
const SIZES: readonly (number | undefined)[] = sizesByLetter({
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  f: 4,
  l: 8,
  L: 8,
  d: 8,
  T: 8,
  D: 5,
  V: 0,
  S: SIZED,
  x: SIZED,
  F: NESTED_TABLE,
  A: NESTED_ARRAY,
})

function sizesByLetter(sizes: { readonly [letter: string]: number }): (number | undefined)[] {
  const table: (number | undefined)[] = new Array(256).fill(undefined)
  for (const [letter, size] of Object.entries(sizes)) table[letter.charCodeAt(0)] = size
  return table
}

/**
 * Answers the offset behind the table whose length stands at `at`; it lies before `end`. Takes what `decodeTable`
 * takes, and raises FRAME_ERROR or SYNTAX_ERROR for the rest.
 */
export function checkTable(buffer: Buffer, at: number, end: number): number {
  return checkParts(buffer, at, end, { hasKeys: true, depth: 1 })
}

function checkParts(buffer: Buffer, at: number, end: number, kind: { hasKeys: boolean; depth: number }): number {
  if (kind.depth > TABLE_DEPTH_MAX) {
    throw new ConnectionError('SYNTAX_ERROR', `table nested deeper than ${TABLE_DEPTH_MAX}`)
  }
  const stop = sizedEnd(buffer, at, end)
  let next = at + 4
  while (next < stop) {
    if (kind.hasKeys) next += 1 + buffer[next]!
    if (next >= stop) throw truncated()
    next = checkValue(buffer, next, stop, kind.depth)
  }
  return next
}

function checkValue(buffer: Buffer, at: number, end: number, depth: number): number {
  const size = SIZES[buffer[at]!]
  if (size === undefined) {
    const type = JSON.stringify(String.fromCharCode(buffer[at]!))
    throw new ConnectionError('SYNTAX_ERROR', `unknown type of field ${type}`)
  }
  if (size === SIZED) return sizedEnd(buffer, at + 1, end)
  if (size < 0) return checkParts(buffer, at + 1, end, { hasKeys: size === NESTED_TABLE, depth: depth + 1 })
  const next = at + 1 + size
  if (next > end) throw truncated()
  return next
}

/** Where a value ends that begins with its length in 32 bits. */
function sizedEnd(buffer: Buffer, at: number, end: number): number {
  if (at + 4 > end) throw truncated()
  const next = at + 4 + readU32(buffer, at)
  if (next > end) throw truncated()
  return next
}

function truncated(): ConnectionError {
  return new ConnectionError('FRAME_ERROR', 'a field table does not fit its frame')
}
