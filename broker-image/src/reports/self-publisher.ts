/**
 * Messages that the broker itself publishes: of its events, its log, and of what it traces.
 *
 * They are written down at once, and go to their queues at the end of the turn: whoever reports is in the middle of
 * something, and a queue must not come upon that.
 */
import { REPORT_BYTES_MAX } from '../limits.ts'
import type { Arrival } from '../queue/intake.ts'
import type { EndOfTurn, Turn } from '../turn.ts'
import type { Vhost } from '../vhost/vhost.ts'
import { encodeWireForm, fitsFrames, type WireForm } from '../vhost/wire-form.ts'
import { ConnectionError } from '../wire/errors.ts'
import type { Properties } from '../wire/properties.ts'

export interface Report {
  readonly vhost: Vhost
  readonly exchange: string
  readonly routingKey: string
  readonly properties: Properties
  /** As on the wire; empty for a message without a body. */
  readonly bodyFrames: Buffer
}

interface Waiting {
  readonly report: Report
  readonly arrival: Arrival
}

const PERSISTENT = 2
/** Longest routing key, in bytes. */
const KEY_BYTES_MAX = 255

export class SelfPublisher implements EndOfTurn {
  scheduled = false
  /** Reports are on their way to their queues right now. */
  isSending = false
  readonly #turn: Turn
  #waiting: Waiting[] = []
  #waitingBytes = 0

  constructor(turn: Turn) {
    this.#turn = turn
  }

  /** Drops what fits no frame, and what is more than may wait in one turn: reports never hold up what they tell of. */
  publish(report: Report): void {
    const { vhost, exchange, properties } = report
    if (vhost.exchanges.get(exchange)?.exchange.isEmpty !== false) return
    const routingKey = cut(report.routingKey)
    const wire = encoded({ ...report, routingKey })
    if (wire === undefined || this.#waitingBytes + wire.source.length > REPORT_BYTES_MAX) return
    this.#waitingBytes += wire.source.length
    const persistent = properties.deliveryMode === PERSISTENT
    const arrival = { ...wire, start: 0, end: wire.source.length, persistent, ttlMs: Number.POSITIVE_INFINITY }
    this.#waiting.push({ report: { ...report, routingKey }, arrival })
    this.#turn.pump(this)
  }

  endTurn(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.isSending = true
    for (const { report, arrival } of waiting) this.#send(report, arrival)
    this.isSending = false
  }

  #send({ vhost, exchange: name, routingKey, properties }: Report, arrival: Arrival): void {
    const exchange = vhost.exchanges.get(name)
    if (exchange === undefined) return
    const message = { routingKeys: [routingKey], properties }
    const queues = vhost.traffic.queuesFor(exchange, message)
    vhost.traffic.accept(arrival, exchange, queues, message)
  }
}

/** Undefined for properties that no header frame can hold, by their bytes, their depth or their names. */
function encoded(report: Report): WireForm | undefined {
  try {
    const wire = encodeWireForm(report)
    return fitsFrames(wire, report.bodyFrames) ? wire : undefined
  } catch (error) {
    if (error instanceof ConnectionError) return undefined
    throw error
  }
}

/** The start of a text that fits a short string. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= KEY_BYTES_MAX) return text
  const bytes = Buffer.from(text)
  let end = KEY_BYTES_MAX
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
