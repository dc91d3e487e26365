/**
 * Properties that fit the header frame of a client. A content header is never cut [AMQP 4.2.6.1], and a message may have
 * more headers than its receiver takes: its publisher has larger frames, or it tells of its deaths by now.
 */

import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import { FRAME_OVERHEAD, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { decodeProperties, encodeProperties } from '../wire/properties.ts'

const DEATHS = 'x-death'

/**
 * The same properties (flags and values), in a header frame of at most `frameMax` bytes. Left out is what `x-death` says
 * of earlier deaths, the oldest first; where that is not enough, whole headers, the largest first. All other properties
 * fit the smallest frames there are.
 */
export function fitProperties(properties: Buffer, frameMax: number): Buffer {
  const bytesMax = frameMax - FRAME_OVERHEAD - HEADER_FLAGS_OFFSET
  if (properties.length <= bytesMax) return properties
  const { headers = {}, ...others } = decodeProperties(properties, 0, properties.length)
  const roomBytes = bytesMax - encodeProperties({ ...others, headers: {} }).length
  return encodeProperties({ ...others, headers: fitHeaders(headers, roomBytes) })
}

/** Headers of at most so many bytes, the length of their table left out. */
function fitHeaders(headers: FieldTable, roomBytes: number): FieldTable {
  const sizes = new Map(Object.entries(headers).map(([name, value]) => [name, bytesOf(name, value)]))
  let bytesOver = sum(sizes.values()) - roomBytes
  const fitted = { ...headers }
  const deaths = headers[DEATHS]
  if (bytesOver > 0 && Array.isArray(deaths)) {
    const kept = lastDeaths(deaths, bytesOver)
    const bytes = bytesOf(DEATHS, kept)
    bytesOver -= sizes.get(DEATHS)! - bytes
    sizes.set(DEATHS, bytes)
    fitted[DEATHS] = kept
  }
  for (const [name, bytes] of [...sizes].sort(([, a], [, b]) => b - a)) {
    if (bytesOver <= 0) break
    delete fitted[name]
    bytesOver -= bytes
  }
  return fitted
}

/** Without so many bytes of the oldest, which stand last; the latest death stays whatever it takes. */
function lastDeaths(deaths: readonly FieldValue[], bytesOver: number): FieldValue[] {
  let bytesLeft = bytesOver
  let count = deaths.length
  while (bytesLeft > 0 && count > 1) {
    count--
    bytesLeft -= bytesOf('', [deaths[count]!]) - bytesOf('', [])
  }
  return deaths.slice(0, count)
}

function bytesOf(name: string, value: FieldValue): number {
  return encodeProperties({ headers: { [name]: value } }).length - encodeProperties({ headers: {} }).length
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
