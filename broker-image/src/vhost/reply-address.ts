/** Names of direct reply-to [RabbitMQ "Direct Reply-to"]: what clients ask for, and what repliers are told. */
import type { WireBytes } from '../queue/wire-bytes.ts'
import { readU32, writeU32 } from '../wire/integers.ts'

/** The name that a client consumes from, and gives as `reply-to`. */
export const REPLY_QUEUE = 'amq.rabbitmq.reply-to'
/** Every address for replies begins so, and is a routing key of the default exchange. */
export const REPLY_ADDRESS_PREFIX = `${REPLY_QUEUE}.`

/** The same message in wire form, with `address` in place of its `reply-to`, a short string at `replyToAt`. */
export function withAddress(wire: WireBytes, replyToAt: number, address: string): Buffer {
  const { source, start, keyLength, end } = wire
  const rest = source.subarray(replyToAt + 1 + source[replyToAt]!, end)
  const text = Buffer.from(address)
  const written = Buffer.concat([source.subarray(start, replyToAt), Buffer.of(text.length), text, rest])
  const lengthAt = keyLength + 2 + 3
  writeU32(written, lengthAt, readU32(written, lengthAt) + text.length - source[replyToAt]!)
  return written
}
