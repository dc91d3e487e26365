/**
 * The firehose of a virtual host: a copy of every message that comes in or goes out, with a note of where and for whom,
 * to `amq.rabbitmq.trace` [RabbitMQ "Firehose Tracer"].
 */
import { FRAME_BYTES_MAX, TABLE_DEPTH_MAX } from '../limits.ts'
import type { Queue } from '../queue/queue.ts'
import type { WireBytes } from '../queue/wire-bytes.ts'
import type { Trace, TracedChannel } from '../vhost/trace.ts'
import type { Vhost } from '../vhost/vhost.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import { FRAME_HEAD_BYTES, HEADER_FLAGS_OFFSET, payloadEnd } from '../wire/frame.ts'
import { decodeProperties, type Properties } from '../wire/properties.ts'
import { PROPERTY_NAMES } from '../wire/property-names.ts'
import type { SelfPublisher } from './self-publisher.ts'

const TRACE_EXCHANGE = 'amq.rabbitmq.trace'
/** Largest content header whose headers are told. */
const HEADER_BYTES_MAX = FRAME_BYTES_MAX / 2

export class Firehose implements Trace {
  readonly #vhost: Vhost
  readonly #nodeName: string
  readonly #publisher: SelfPublisher

  constructor(vhost: Vhost, nodeName: string, publisher: SelfPublisher) {
    this.#vhost = vhost
    this.#nodeName = nodeName
    this.#publisher = publisher
  }

  published(wire: WireBytes, queues: readonly Queue[], channel: TracedChannel): void {
    const exchange = exchangeOf(wire)
    this.#tell(wire, `publish.${exchange}`, {
      ...this.#whereabouts(channel),
      routed_queues: queues.map(({ name }) => name),
    })
  }

  delivered(wire: WireBytes, queue: Queue, redelivered: boolean, channel: TracedChannel): void {
    this.#tell(wire, `deliver.${queue.name}`, { redelivered: redelivered ? 1 : 0, ...this.#whereabouts(channel) })
  }

  #whereabouts({ number, userName, connection }: TracedChannel): FieldTable {
    return { vhost: this.#vhost.name, connection: connection.name, channel: number, user: userName }
  }

  /** What the firehose itself says is not told again. */
  #tell(wire: WireBytes, routingKey: string, extra: FieldTable): void {
    const { source, start, keyLength, end } = wire
    const exchange = exchangeOf(wire)
    if (exchange === TRACE_EXCHANGE || this.#vhost.exchanges.get(TRACE_EXCHANGE)?.exchange.isEmpty !== false) return
    const ownKey = source.toString('utf8', start + 2 + source[start]!, start + keyLength)
    const headerAt = start + keyLength + 2
    const headerEnd = payloadEnd(source, headerAt)
    const original = decodeProperties(source, headerAt + FRAME_HEAD_BYTES + HEADER_FLAGS_OFFSET, headerEnd)
    const headers = {
      exchange_name: exchange,
      routing_keys: [ownKey, ...carbonCopies(original)],
      properties: tableOf(original, headerEnd - headerAt),
      node: this.#nodeName,
      ...extra,
    }
    const bodyFrames = source.subarray(headerEnd + 1, end)
    this.#publisher.publish({
      vhost: this.#vhost,
      exchange: TRACE_EXCHANGE,
      routingKey,
      properties: { headers },
      bodyFrames,
    })
  }
}

const exchangeOf = ({ source, start }: WireBytes): string =>
  source.toString('utf8', start + 1, start + 1 + source[start]!)

function carbonCopies({ headers }: Properties): string[] {
  const copies = headers?.['CC']
  return Array.isArray(copies) ? copies.filter(key => typeof key === 'string') : []
}

/** Headers are left out that would not fit the larger ones, by their bytes or their depth. */
function tableOf(properties: Properties, headerBytes: number): FieldTable {
  const table: { [name: string]: FieldValue } = {}
  for (const [name, key] of Object.entries(PROPERTY_NAMES)) {
    if (properties[key] !== undefined) table[name] = properties[key]
  }
  const { headers } = properties
  const fits = headers !== undefined && headerBytes <= HEADER_BYTES_MAX && depthOf(headers) <= TABLE_DEPTH_MAX - 2
  if (fits) table['headers'] = headers
  return table
}

/** How deep tables and arrays are nested, the value itself included. */
function depthOf(value: FieldValue): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Object.values(value).reduce<number>((deepest, inner) => Math.max(deepest, depthOf(inner)), 0)
}
