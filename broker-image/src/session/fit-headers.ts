/**
 * Properties that fit the header frame of a client. A content header is never cut [AMQP 4.2.6.1], and a message may have
 * more headers than its receiver takes: its publisher has larger frames, or it tells of its deaths by now.
 */

import { encodeTable, type FieldTable, type FieldValue } from '../wire/field-table.ts'
import { FRAME_OVERHEAD, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { decodeProperties, encodeProperties } from '../wire/properties.ts'
import { Writer } from '../wire/writer.ts'

const DEATHS = 'x-death'
const TABLE_LENGTH_BYTES = 4

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
  const ruler = new Ruler()
  const sizes = new Map(Object.entries(headers).map(([name, value]) => [name, ruler.bytesOf(name, value)]))
  let bytesOver = sum(sizes.values()) - roomBytes
  const fitted = new Map(Object.entries(headers))
  const deaths = headers[DEATHS]
  if (bytesOver > 0 && Array.isArray(deaths)) {
    const kept = lastDeaths(deaths, bytesOver, ruler)
    const bytes = ruler.bytesOf(DEATHS, kept)
    bytesOver -= sizes.get(DEATHS)! - bytes
    sizes.set(DEATHS, bytes)
    fitted.set(DEATHS, kept)
  }
  for (const [name, bytes] of [...sizes].sort(([, a], [, b]) => b - a)) {
    if (bytesOver <= 0) break
    fitted.delete(name)
    bytesOver -= bytes
  }
  return Object.fromEntries(fitted)
}

/** Without so many bytes of the oldest, which stand last; the latest death stays whatever it takes. */
function lastDeaths(deaths: readonly FieldValue[], bytesOver: number, ruler: Ruler): FieldValue[] {
  const emptyBytes = ruler.bytesOf('', [])
  let bytesLeft = bytesOver
  let count = deaths.length
  while (bytesLeft > 0 && count > 1) {
    count--
    bytesLeft -= ruler.bytesOf('', [deaths[count]!]) - emptyBytes
  }
  return deaths.slice(0, count)
}

/** Measures headers by writing them all into one buffer: there may be ten thousand, and a message is cut for each receiver. */
class Ruler {
  readonly #writer = new Writer()

  /** Bytes that the header takes in a table. */
  bytesOf(name: string, value: FieldValue): number {
    const before = this.#writer.size
    encodeTable(this.#writer, { [name]: value })
    return this.#writer.size - before - TABLE_LENGTH_BYTES
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
