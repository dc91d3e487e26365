/** The codec alone: methods, content headers, field tables. `make bench-micro` */
import { MESSAGE_BYTES_MAX } from '../../broker-image/src/limits.ts'
import { Content } from '../../broker-image/src/session/content.ts'
import { decodeMethod, encodeMethodFrame } from '../../broker-image/src/wire/codec.ts'
import { decodeTable, encodeTable, type FieldTable } from '../../broker-image/src/wire/field-table.ts'
import { FRAME_HEAD_BYTES } from '../../broker-image/src/wire/frame.ts'
import { decodeProperties, encodeProperties } from '../../broker-image/src/wire/properties.ts'
import { Reader } from '../../broker-image/src/wire/reader.ts'
import { checkTable } from '../../broker-image/src/wire/table-check.ts'
import { Writer } from '../../broker-image/src/wire/writer.ts'
import { measure } from './measure.ts'

const HEADERS: FieldTable = { tenant: 'north', attempt: 3, 'x-trace': 'a7b9c2d1' }
const PROPERTIES = { contentType: 'application/json', headers: HEADERS, deliveryMode: 2, messageId: 'm-1234567' }
const PUBLISH = { exchange: 'orders', routingKey: 'order.created', mandatory: false, immediate: false }
const DECLARE = {
  queue: 'orders',
  passive: false,
  durable: true,
  exclusive: false,
  autoDelete: false,
  noWait: false,
  arguments: { 'x-max-length': 1000, 'x-dead-letter-exchange': 'dead' },
}
const DELIVER = {
  consumerTag: 'c1',
  deliveryTag: 7,
  redelivered: false,
  exchange: 'orders',
  routingKey: 'order.created',
}

const publish = encodeMethodFrame(1, 'basic.publish', PUBLISH)
const declare = encodeMethodFrame(1, 'queue.declare', DECLARE)
const writer = new Writer()
encodeTable(writer, HEADERS)
const table = writer.bytes()
const content = new Content(MESSAGE_BYTES_MAX)
const plainHeader = contentHeader(encodeProperties({ deliveryMode: 2 }))
const fullHeader = contentHeader(encodeProperties(PROPERTIES))
const FLAGS_AT = 12

await measure('decode basic.publish', () => decodeMethod(publish, FRAME_HEAD_BYTES, publish.length - 1))
await measure('decode queue.declare with two arguments', () =>
  decodeMethod(declare, FRAME_HEAD_BYTES, declare.length - 1),
)
await measure('encode basic.deliver', () => encodeMethodFrame(1, 'basic.deliver', DELIVER))
await measure('encode queue.declare with two arguments', () => encodeMethodFrame(1, 'queue.declare', DECLARE))
await measure('read a content header: delivery mode', () => content.read(plainHeader, 0, plainHeader.length))
await measure('read a content header: type, three headers, id', () => content.read(fullHeader, 0, fullHeader.length))
await measure('check a table of three', () => checkTable(table, 0, table.length))
await measure('decode a table of three', () => decodeTable(new Reader(table, 0, table.length)))
await measure('encode a table of three', () => encodeTable(new Writer(), HEADERS))
await measure('decode the properties of that header', () => decodeProperties(fullHeader, FLAGS_AT, fullHeader.length))
await measure('encode the properties of that header', () => encodeProperties(PROPERTIES))

/** Payload of a header frame: class, weight, size of the body, then the properties with their flags. */
function contentHeader(properties: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16]), properties])
}
