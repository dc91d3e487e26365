/** One consumer of a channel: what it may take now, and the bytes of each delivery. */
import type { Arguments } from '../definitions/model.ts'
import { FRAME_BYTES_MAX, UNACKED_MAX } from '../limits.ts'
import { entryEnd, keyLengthAt, wireStart } from '../log/record.ts'
import type { Consumer } from '../queue/consumers.ts'
import { isRedelivered, type Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { wireOf } from '../queue/wire-bytes.ts'
import { deliveredWire } from '../vhost/delivered-wire.ts'
import { Copier } from '../wire/copier.ts'
import { FRAME_END, FRAME_HEAD_BYTES, FRAME_METHOD, FRAME_OVERHEAD, METHOD_ID } from '../wire/frame.ts'
import { readU32, writeU16, writeU32, writeU64 } from '../wire/integers.ts'
import type { Channel } from './channel.ts'
import { fitFrames } from './fit-frames.ts'
import type { Outbox } from './outbox.ts'
import type { Holder } from './unacked.ts'

export interface ConsumerSpec {
  readonly tag: string
  readonly noAck: boolean
  readonly exclusive: boolean
  readonly priority: number
  readonly arguments: Arguments
}

/** Bytes behind the consumer tag: delivery tag and redelivered. */
const TAG_BYTES = 9

export class ChannelConsumer implements Consumer, Holder {
  readonly channel: Channel
  readonly queue: Queue
  readonly tag: string
  readonly noAck: boolean
  readonly exclusive: boolean
  readonly priority: number
  readonly arguments: Arguments
  /** Deliveries that may wait for a settlement; 0 = no bound. */
  readonly prefetchCount: number
  unacked = 0
  #isStarted = false
  /** Where the last delivery has its redelivered flag. */
  #redeliveredAt = 0
  readonly #outbox: Outbox
  /** The start of every delivery: frame head, class, method, consumer tag. */
  readonly #prefix: Buffer
  readonly #prefixCopier = new Copier()
  readonly #copier = new Copier()

  constructor(channel: Channel, queue: Queue, spec: ConsumerSpec) {
    this.channel = channel
    this.queue = queue
    this.tag = spec.tag
    this.noAck = spec.noAck
    this.exclusive = spec.exclusive
    this.priority = spec.priority
    this.arguments = spec.arguments
    this.prefetchCount = channel.prefetchCount
    this.#outbox = channel.connection.outbox
    this.#prefix = deliveryPrefix(channel.number, spec.tag)
  }

  /** The client has heard its tag: deliveries may begin. */
  start(): void {
    this.#isStarted = true
    this.queue.wake()
  }

  canTake(): boolean {
    if (this.#outbox.congested || this.channel.closing || !this.#isStarted) return false
    if (this.noAck) return true
    if (this.prefetchCount !== 0 && this.unacked >= this.prefetchCount) return false
    const { globalPrefetchCount, unacked } = this.channel
    if (globalPrefetchCount !== 0 && unacked.live >= globalPrefetchCount) return false
    return unacked.live < UNACKED_MAX
  }

  deliver(bytes: Buffer, message: Message): void {
    const { offset } = message
    if (isRedelivered(message.sized)) this.#sendAgain(bytes, message)
    else this.#send(bytes, wireStart(bytes, offset), keyLengthAt(bytes, offset), entryEnd(bytes, offset))
    if (!this.noAck) this.channel.unacked.add(this.channel.lastDeliveryTag, this, message)
    if (this.channel.vhost.traffic.trace !== null) this.#trace(bytes, message)
  }

  pass(source: Buffer, start: number, keyLength: number, end: number): void {
    this.#send(source, start, keyLength, end)
    const { trace } = this.channel.vhost.traffic
    if (trace !== null) trace.delivered({ source, start, keyLength, end }, this.queue, false, this.channel)
  }

  #trace(bytes: Buffer, message: Message): void {
    const redelivered = isRedelivered(message.sized)
    const wire = redelivered ? deliveredWire(bytes, message, this.queue) : wireOf(bytes, message)
    this.channel.vhost.traffic.trace?.delivered(wire, this.queue, redelivered, this.channel)
  }

  released(): void {
    this.queue.wake()
  }

  cancelled(): void {
    this.channel.consumerCancelled(this)
  }

  #sendAgain(bytes: Buffer, message: Message): void {
    const { source, start, keyLength, end } = deliveredWire(bytes, message, this.queue)
    this.#send(source, start, keyLength, end)
    this.#outbox.target.bytes[this.#redeliveredAt] = 1
  }

  /** `basic.deliver`, then the content as its publisher framed it, with our channel number put in. */
  #send(source: Buffer, start: number, keyLength: number, end: number): void {
    const { frameMax } = this.channel.connection
    if (end - start > frameMax && !fits(source, start + keyLength + 2, frameMax)) {
      const fitted = fitFrames(source.subarray(start, end), keyLength, frameMax)
      this.#write(fitted, 0, keyLength, fitted.length)
    } else this.#write(source, start, keyLength, end)
  }

  #write(source: Buffer, start: number, keyLength: number, end: number): void {
    const prefix = this.#prefix
    const outbox = this.#outbox
    const prefixLength = prefix.length
    outbox.reserve(prefixLength + TAG_BYTES + end - start)
    const { target } = outbox
    const out = target.bytes
    let at = outbox.length
    const frameAt = at
    this.#prefixCopier.copy(target, at, prefix, 0, prefixLength)
    writeU32(out, at + 3, prefixLength - FRAME_HEAD_BYTES + TAG_BYTES + keyLength)
    at += prefixLength
    writeU64(out, at, ++this.channel.lastDeliveryTag)
    this.#redeliveredAt = at + 8
    out[at + 8] = 0
    at += TAG_BYTES
    const copier = this.#copier
    copier.copy(target, at, source, start, start + keyLength)
    at += keyLength
    // The bits of the publish have no place in a delivery: the end octet behind them follows the keys at once.
    const rest = start + keyLength + 1
    copier.copy(target, at, source, rest, end)
    const stop = at + end - rest
    out[at] = FRAME_END
    for (at++; at < stop; at += FRAME_OVERHEAD + readU32(out, at + 3)) {
      out[at + 1] = out[frameAt + 1]!
      out[at + 2] = out[frameAt + 2]!
    }
    outbox.length = stop
    outbox.written()
  }
}

/** Whether a large message with its header frame at `headerAt` has no frame that is too large: body frames have our frame-max. */
function fits(source: Buffer, headerAt: number, frameMax: number): boolean {
  return frameMax === FRAME_BYTES_MAX && readU32(source, headerAt + 3) + FRAME_OVERHEAD <= frameMax
}

function deliveryPrefix(channel: number, tag: string): Buffer {
  const tagBytes = Buffer.from(tag)
  const prefix = Buffer.alloc(FRAME_HEAD_BYTES + 4 + 1 + tagBytes.length)
  prefix[0] = FRAME_METHOD
  writeU16(prefix, 1, channel)
  writeU32(prefix, FRAME_HEAD_BYTES, METHOD_ID.BASIC_DELIVER)
  prefix[FRAME_HEAD_BYTES + 4] = tagBytes.length
  tagBytes.copy(prefix, FRAME_HEAD_BYTES + 5)
  return prefix
}
