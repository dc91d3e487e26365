/** The routing keys that a published message names besides its own, read from its headers where it has them. */
import type { Arrival } from '../queue/intake.ts'
import { selectedKeys } from '../vhost/selected-keys.ts'
import { encodeWireForm } from '../vhost/wire-form.ts'
import { FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { decodeProperties, type Properties } from '../wire/properties.ts'
import type { Content } from './content.ts'

/**
 * All routing keys of a message, and its properties. A message with `BCC` is written anew without it, into `arrival`.
 * @throws ChannelError 406 when `CC` or `BCC` is no array of strings.
 */
export function senderSelected(
  arrival: Arrival,
  content: Content,
  routingKey: string,
): { keys: string[]; properties: Properties } {
  const { source, start, keyLength } = arrival
  const headerAt = start + keyLength + 2
  const headerEnd = headerAt + FRAME_HEAD_BYTES + readU32(source, headerAt + 3)
  const sent = decodeProperties(source, headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd)
  if (content.headersAt < 0) return { keys: [routingKey], properties: sent }
  const { keys, headers, hasHidden } = selectedKeys(routingKey, sent.headers)
  const properties = { ...sent, headers }
  if (hasHidden) {
    const exchange = source.toString('utf8', start + 1, start + 1 + source[start]!)
    const bodyFrames = source.subarray(headerEnd + 1, arrival.end)
    const wire = encodeWireForm({ exchange, routingKey, properties, bodyFrames })
    wire.source[wire.keyLength] = source[start + keyLength]!
    Object.assign(arrival, wire, { start: 0, end: wire.source.length })
  }
  return { keys, properties }
}
