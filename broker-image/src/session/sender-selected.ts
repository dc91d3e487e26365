/** A published message as exchanges see it: its routing keys, besides its own those of its headers, and its properties. */
import type { Arrival } from '../queue/intake.ts'
import type { RoutedMessage } from '../routing/exchange.ts'
import { selectedKeys } from '../vhost/selected-keys.ts'
import { encodeWireForm } from '../vhost/wire-form.ts'
import { FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET, payloadEnd } from '../wire/frame.ts'
import { decodeProperties, type Properties } from '../wire/properties.ts'
import type { Content } from './content.ts'

/** A message without headers: most exchanges ask it for nothing but its key. */
class PlainMessage implements RoutedMessage {
  readonly routingKeys: readonly string[]
  readonly #arrival: Arrival

  constructor(routingKey: string, arrival: Arrival) {
    this.routingKeys = [routingKey]
    this.#arrival = arrival
  }

  get properties(): Properties {
    return propertiesOf(this.#arrival)
  }
}

/**
 * What exchanges see of a message; to be used at once. A message with `BCC` is written anew without it, into `arrival`.
 * @throws ChannelError 406 when `CC` or `BCC` is no array of strings.
 */
export function senderSelected(arrival: Arrival, content: Content, routingKey: string): RoutedMessage {
  if (content.headersAt < 0) return new PlainMessage(routingKey, arrival)
  const sent = propertiesOf(arrival)
  const { keys: routingKeys, headers, hasHidden } = selectedKeys(routingKey, sent.headers)
  const properties = { ...sent, headers }
  if (hasHidden) {
    const { source, start, keyLength } = arrival
    const exchange = source.toString('utf8', start + 1, start + 1 + source[start]!)
    const bodyFrames = source.subarray(headerEndOf(arrival) + 1, arrival.end)
    const wire = encodeWireForm({ exchange, routingKey, properties, bodyFrames })
    wire.source[wire.keyLength] = source[start + keyLength]!
    Object.assign(arrival, wire, { start: 0, end: wire.source.length })
  }
  return { routingKeys, properties }
}

function propertiesOf(arrival: Arrival): Properties {
  const { source, start, keyLength } = arrival
  return decodeProperties(source, start + keyLength + 2 + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEndOf(arrival))
}

/** Where the payload of the content header frame ends. */
function headerEndOf({ source, start, keyLength }: Arrival): number {
  return payloadEnd(source, start + keyLength + 2)
}
