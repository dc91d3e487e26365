/** Messages of queues in the JSON of `get` over HTTP. */

import { isUtf8 } from 'node:buffer'
import { plainArguments } from '../definitions/json-values.ts'
import { isRedelivered, type Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { gotWire } from '../vhost/delivered-wire.ts'
import { joinFrames, readWireForm } from '../vhost/wire-form.ts'
import type { Properties } from '../wire/properties.ts'
import { PROPERTY_NAMES } from '../wire/property-names.ts'

export interface PayloadOptions {
  /** `auto`: text where the body is UTF-8, else base64. */
  encoding: 'auto' | 'base64'
  /** Bytes of the body to show. */
  truncate: number
}

/** A message of a queue, which stands in the bytes of its segment, as `POST /api/queues/…/get` shows it. */
export function messageJson(segmentBytes: Buffer, message: Message, queue: Queue, options: PayloadOptions) {
  const { exchange, routingKey, properties, bodyFrames } = readWireForm(gotWire(segmentBytes, message, queue))
  const body = joinFrames(bodyFrames)
  return {
    payload_bytes: body.length,
    redelivered: isRedelivered(message.sized),
    exchange,
    routing_key: routingKey,
    properties: propertiesJson(properties),
    ...payloadJson(body.subarray(0, options.truncate), options.encoding),
  }
}

function payloadJson(body: Buffer, encoding: PayloadOptions['encoding']) {
  if (encoding === 'auto' && isUtf8(body)) return { payload: body.toString(), payload_encoding: 'string' }
  return { payload: body.toString('base64'), payload_encoding: 'base64' }
}

function propertiesJson(properties: Properties): { [name: string]: unknown } {
  const json: { [name: string]: unknown } = {}
  for (const [name, key] of Object.entries(PROPERTY_NAMES)) {
    if (properties[key] !== undefined) json[name] = properties[key]
  }
  if (properties.headers) json['headers'] = plainArguments(properties.headers)
  return json
}
