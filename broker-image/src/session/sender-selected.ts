/** Sender-selected distribution: the headers `CC` and `BCC` add routing keys, and `BCC` is told to nobody [RabbitMQ]. */
import type { Arrival } from '../queue/intake.ts'
import { encodeWireForm } from '../vhost/wire-form.ts'
import { ChannelError } from '../wire/errors.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import { FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { decodeProperties } from '../wire/properties.ts'
import type { Content } from './content.ts'

/**
 * All routing keys of a message, and its headers. A message with `BCC` is written anew without it, into `arrival`.
 * @throws ChannelError 406 when either header is no array of strings.
 */
export function senderSelected(
  arrival: Arrival,
  content: Content,
  routingKey: string,
): { keys: string[]; headers: FieldTable | undefined } {
  if (content.headersAt < 0) return { keys: [routingKey], headers: undefined }
  const { source, start, keyLength } = arrival
  const headerAt = start + keyLength + 2
  const headerEnd = headerAt + FRAME_HEAD_BYTES + readU32(source, headerAt + 3)
  const properties = decodeProperties(source, headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd)
  const { BCC: hidden, ...headers } = properties.headers ?? {}
  const keys = [routingKey, ...keysIn('CC', headers['CC']), ...keysIn('BCC', hidden)]
  if (hidden !== undefined) {
    const exchange = source.toString('utf8', start + 1, start + 1 + source[start]!)
    const bodyFrames = source.subarray(headerEnd + 1, arrival.end)
    const wire = encodeWireForm({ exchange, routingKey, properties: { ...properties, headers }, bodyFrames })
    wire.source[wire.keyLength] = source[start + keyLength]!
    Object.assign(arrival, wire, { start: 0, end: wire.source.length })
  }
  return { keys, headers }
}

function keysIn(name: string, value: FieldValue | undefined): string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every(key => typeof key === 'string')) return value as string[]
  throw new ChannelError('PRECONDITION_FAILED', `'${name}' header must be an array of strings`)
}
