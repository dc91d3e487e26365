/** Publishing over HTTP: a message out of JSON, routed as from a client, and answered once it is safe. */

import { nameFrom } from '../definitions/from-json.ts'
import { argumentsFromJson, InvalidDefinition, type JsonObject, stringField } from '../definitions/json-values.ts'
import type { UserDefinition } from '../definitions/model.ts'
import { REFUSED } from '../queue/offer.ts'
import { selectedKeys } from '../vhost/selected-keys.ts'
import type { Vhost } from '../vhost/vhost.ts'
import type { VhostExchange } from '../vhost/vhost-exchange.ts'
import { encodeWireForm, fitsFrames, splitIntoFrames } from '../vhost/wire-form.ts'
import { expirationMs } from '../wire/expiration.ts'
import type { Properties } from '../wire/properties.ts'
import { PROPERTY_NAMES } from '../wire/property-names.ts'
import { badRequest } from './http-error.ts'
import type { ManagedBroker } from './managed.ts'
import { channelOverHttp } from './traced.ts'

const NUMERIC_PROPERTIES: ReadonlySet<string> = new Set(['delivery_mode', 'priority', 'timestamp'])
const REQUIRED = ['routing_key', 'properties', 'payload', 'payload_encoding']
const TRANSIENT = 1
const PERSISTENT = 2
/** Groups of four [RFC 4648]; blanks were taken out. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Where a message goes, and in whose name. */
export interface Publication {
  readonly user: Readonly<UserDefinition>
  readonly vhost: Vhost
  readonly exchange: VhostExchange
}

/**
 * Publishes the message that the body of a request describes, and waits until it is safe. Answers whether it found a
 * queue. Throws `InvalidDefinition` and `ChannelError` for what is no message, `HttpError` 400 for one that is refused.
 */
export async function publishOverHttp(broker: ManagedBroker, to: Publication, json: JsonObject): Promise<boolean> {
  const { user, vhost, exchange } = to
  const missing = REQUIRED.filter(key => json[key] === undefined).map(key => `{key_missing,${key}}`)
  if (missing.length > 0) throw badRequest(`[${missing.join(',\n ')}]`)
  const routingKey = nameFrom(json['routing_key'], 'routing_key')
  const properties = propertiesFrom(propertiesJson(json['properties']))
  const bodyFrames = splitIntoFrames(payloadFrom(json, broker.config.messageBytesMax))
  const ttlMs = ttlOf(properties)
  const { keys, headers } = selectedKeys(routingKey, properties.headers)
  assertMay(broker, to, keys, properties)
  const sent = properties.headers === undefined ? properties : { ...properties, headers }
  const wire = encodeWireForm({ exchange: exchange.name, routingKey, properties: sent, bodyFrames })
  if (!fitsFrames(wire, bodyFrames)) throw badRequest('the properties do not fit into a frame')
  const message = { routingKeys: keys, properties: sent }
  const persistent = properties.deliveryMode === PERSISTENT
  const arrival = { ...wire, start: 0, end: wire.source.length, persistent, ttlMs }
  const queues = vhost.traffic.queuesOfPublish(arrival, { exchange, queues: [] }, message, channelOverHttp(user))
  const batch = vhost.traffic.accept(arrival, exchange, queues, message)
  if (batch === REFUSED) throw badRequest('rejected Unable to publish message. Check queue limits.')
  await new Promise<void>(resolve => broker.whenSafe(batch, resolve))
  return queues.length > 0
}

/** RabbitMQ answers 400 here also where a client would hear 403. */
function assertMay(broker: ManagedBroker, to: Publication, keys: readonly string[], { userId }: Properties): void {
  const { user, vhost, exchange } = to
  if (exchange.definition.internal) {
    throw badRequest(
      `403 ACCESS_REFUSED - cannot publish to internal exchange '${exchange.name}' in vhost '${vhost.name}'`,
    )
  }
  const topic = { user: user.name, vhost: vhost.name, exchange: exchange.name }
  const refused =
    exchange.exchange.type === 'topic' ? keys.find(key => !broker.access.canTopic(topic, 'write', key)) : undefined
  if (refused !== undefined) {
    throw badRequest(
      `403 ACCESS_REFUSED - access to topic '${refused}' in exchange '${exchange.name}' in vhost '${vhost.name}' refused for user '${user.name}'`,
    )
  }
  if (userId === undefined || userId === user.name || user.tags.includes('impersonator')) return
  throw badRequest(
    `406 PRECONDITION_FAILED - user_id property set to '${userId}' but authenticated user was '${user.name}'`,
  )
}

function ttlOf({ expiration }: Properties): number {
  return expiration === undefined ? Number.POSITIVE_INFINITY : expirationMs(expiration)
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

/** RabbitMQ shows no properties as a list without anything in it, and scripts send back what they got. */
function propertiesJson(json: unknown): JsonObject {
  return Array.isArray(json) && json.length === 0 ? {} : argumentsFromJson(json, 'properties')
}

function propertyFrom(name: string, value: unknown): unknown {
  if (!NUMERIC_PROPERTIES.has(name)) return nameFrom(value, name)
  const isOctet = name !== 'timestamp'
  if (!Number.isSafeInteger(value) || Number(value) < 0 || (isOctet && Number(value) > 255)) {
    throw new InvalidDefinition(`${name} should be a whole number${isOctet ? ' up to 255' : ''}`)
  }
  if (name === 'delivery_mode' && value !== TRANSIENT && value !== PERSISTENT) {
    throw badRequest(`406 PRECONDITION_FAILED - invalid message: {delivery_mode_unknown,${value}}`)
  }
  return value
}

function payloadFrom(json: JsonObject, bytesMax: number): Buffer {
  const payload = stringField(json, 'payload')
  const encoding = stringField(json, 'payload_encoding')
  if (encoding !== 'string' && encoding !== 'base64') {
    throw new InvalidDefinition('payload_encoding should be string or base64')
  }
  if (encoding === 'base64' && !BASE64.test(payload.replace(/\s/g, ''))) {
    throw new InvalidDefinition('payload is not base64, as payload_encoding says it is')
  }
  const body = Buffer.from(payload, encoding === 'base64' ? 'base64' : 'utf8')
  if (body.length > bytesMax) throw new InvalidDefinition(`payload is larger than ${bytesMax} bytes`)
  return body
}
