/** Messages of queues in the JSON of `get` over HTTP. */

import { isUtf8 } from 'node:buffer'
import { plainArguments } from '../definitions/json-values.ts'
import { isRedelivered, type Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { gotWire } from '../vhost/delivered-wire.ts'
import { FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32 } from '../wire/integers.ts'
import { decodeProperties, type Properties } from '../wire/properties.ts'
import { PROPERTY_NAMES } from '../wire/property-names.ts'

export interface PayloadOptions {
  /** `auto`: text where the body is UTF-8, else base64. */
  encoding: 'auto' | 'base64'
  /** Bytes of the body to show. */
  truncate: number
}

/** A message of a queue, which stands in the bytes of its segment, as `POST /api/queues/…/get` shows it. */
export function messageJson(segmentBytes: Buffer, message: Message, queue: Queue, options: PayloadOptions) {
  const { source: bytes, start, keyLength, end } = gotWire(segmentBytes, message, queue)
  const keyEnd = start + keyLength
  const routingKeyAt = start + 1 + (bytes[start] ?? 0)
  const headerAt = keyEnd + 2
  const headerEnd = headerAt + FRAME_HEAD_BYTES + readU32(bytes, headerAt + 3)
  const body = joinFrames(bytes.subarray(headerEnd + 1, end))
  return {
    payload_bytes: body.length,
    redelivered: isRedelivered(message.sized),
    exchange: bytes.toString('utf8', start + 1, routingKeyAt),
    routing_key: bytes.toString('utf8', routingKeyAt + 1, keyEnd),
    properties: propertiesJson(decodeProperties(bytes, headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd)),
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

function joinFrames(frames: Buffer): Buffer {
  const payloads: Buffer[] = []
  for (let at = 0; at < frames.length; ) {
    const end = at + FRAME_HEAD_BYTES + readU32(frames, at + 3)
    payloads.push(frames.subarray(at + FRAME_HEAD_BYTES, end))
    at = end + 1
  }
  return Buffer.concat(payloads)
}
