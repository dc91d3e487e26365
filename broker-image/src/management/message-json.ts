/** Messages between the queues' own form and the JSON of `get` and `publish` over HTTP. */

import { isUtf8 } from 'node:buffer'
import { nameFrom } from '../definitions/from-json.ts'
import {
  argumentsFromJson,
  InvalidDefinition,
  type JsonObject,
  plainArguments,
  stringField,
} from '../definitions/json-values.ts'
import { FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from '../limits.ts'
import type { Intake } from '../queue/intake.ts'
import { isRedelivered, type Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { deliveredWire } from '../vhost/delivered-wire.ts'
import type { Vhost } from '../vhost/vhost.ts'
import type { VhostExchange } from '../vhost/vhost-exchange.ts'
import { encodeWireForm } from '../vhost/wire-form.ts'
import { FRAME_BODY, FRAME_END, FRAME_HEAD_BYTES, FRAME_OVERHEAD, HEADER_FLAGS_OFFSET } from '../wire/frame.ts'
import { readU32, writeU32 } from '../wire/integers.ts'
import { decodeProperties, type Properties } from '../wire/properties.ts'

/** Properties by RabbitMQ's names in JSON. `headers` is apart: it is a table. */
const PROPERTY_NAMES = {
  content_type: 'contentType',
  content_encoding: 'contentEncoding',
  delivery_mode: 'deliveryMode',
  priority: 'priority',
  correlation_id: 'correlationId',
  reply_to: 'replyTo',
  expiration: 'expiration',
  message_id: 'messageId',
  timestamp: 'timestamp',
  type: 'type',
  user_id: 'userId',
  app_id: 'appId',
  cluster_id: 'clusterId',
} as const satisfies { [name: string]: Exclude<keyof Properties, 'headers'> }

const NUMERIC_PROPERTIES: ReadonlySet<string> = new Set(['delivery_mode', 'priority', 'timestamp'])
const PERSISTENT = 2

export interface PayloadOptions {
  /** `auto`: text where the body is UTF-8, else base64. */
  encoding: 'auto' | 'base64'
  /** Bytes of the body to show. */
  truncate: number
}

/** A message of a queue, which stands in the bytes of its segment, as `POST /api/queues/…/get` shows it. */
export function messageJson(segmentBytes: Buffer, message: Message, queue: Queue, options: PayloadOptions) {
  const { source: bytes, start, keyLength, end } = deliveredWire(segmentBytes, message, queue)
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

/** Publishes the message that the body of a request describes. Answers whether a queue took it. */
export function publishOverHttp(intake: Intake, vhost: Vhost, exchange: VhostExchange, json: JsonObject): boolean {
  const routingKey = nameFrom(json['routing_key'] ?? '', 'routing_key')
  const properties = propertiesFrom(argumentsFromJson(json['properties'] ?? {}, 'properties'))
  const bodyFrames = splitIntoFrames(payloadFrom(json))
  const { expiration, headers, deliveryMode } = properties
  if (expiration !== undefined && !/^\d+$/.test(expiration)) {
    throw new InvalidDefinition(`invalid expiration '${expiration}'`)
  }
  exchange.publishedIn++
  const wire = encodeWireForm({ exchange: exchange.name, routingKey, properties, bodyFrames })
  const queues = vhost.queuesFor(exchange, [routingKey], headers).filter(queue => !queue.refuses(wire.size))
  if (queues.length === 0) return false
  const ttlMs = expiration === undefined ? Number.POSITIVE_INFINITY : Number(expiration)
  const persistent = deliveryMode === PERSISTENT
  intake.accept({ ...wire, start: 0, end: wire.source.length, persistent, ttlMs }, queues)
  return true
}

function propertiesFrom(json: JsonObject): Properties {
  const properties: { [key: string]: unknown } = {}
  for (const [name, value] of Object.entries(json)) {
    if (name === 'headers') properties['headers'] = argumentsFromJson(value, 'headers')
    else if (Object.hasOwn(PROPERTY_NAMES, name)) {
      properties[PROPERTY_NAMES[name as keyof typeof PROPERTY_NAMES]] = propertyFrom(name, value)
    } else throw new InvalidDefinition(`property ${name} is not known`)
  }
  return properties as Properties
}

function propertyFrom(name: string, value: unknown): unknown {
  if (!NUMERIC_PROPERTIES.has(name)) return nameFrom(value, name)
  const isOctet = name !== 'timestamp'
  if (!Number.isSafeInteger(value) || Number(value) < 0 || (isOctet && Number(value) > 255)) {
    throw new InvalidDefinition(`${name} should be a whole number${isOctet ? ' up to 255' : ''}`)
  }
  return value
}

function payloadFrom(json: JsonObject): Buffer {
  const payload = stringField(json, 'payload')
  const encoding = stringField(json, 'payload_encoding', 'string')
  if (encoding !== 'string' && encoding !== 'base64') {
    throw new InvalidDefinition('payload_encoding should be string or base64')
  }
  const body = Buffer.from(payload, encoding === 'base64' ? 'base64' : 'utf8')
  if (body.length > MESSAGE_BYTES_MAX) throw new InvalidDefinition(`payload is larger than ${MESSAGE_BYTES_MAX} bytes`)
  return body
}

/** Body frames of a message in one buffer, as a publisher sends them. */
function splitIntoFrames(body: Buffer): Buffer {
  const payloadMax = FRAME_BYTES_MAX - FRAME_OVERHEAD
  const frames: Buffer[] = []
  for (let at = 0; at < body.length; at += payloadMax) {
    const payload = body.subarray(at, at + payloadMax)
    const head = Buffer.alloc(FRAME_HEAD_BYTES)
    head[0] = FRAME_BODY
    writeU32(head, 3, payload.length)
    frames.push(head, payload, Buffer.from([FRAME_END]))
  }
  return Buffer.concat(frames)
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
