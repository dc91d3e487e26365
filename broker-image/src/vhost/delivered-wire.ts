/** A message as its queue delivers it: as its publisher sent it, with the count of its returns where there is one. */

import type { Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { type WireBytes, wireOf } from '../queue/wire-bytes.ts'
import { withHeader } from './wire-form.ts'

/** For a consumer: nothing is said of a message that never came back. `bytes` are those of the message's segment. */
export function deliveredWire(bytes: Buffer, message: Message, queue: Queue): WireBytes {
  const wire = wireOf(bytes, message)
  const count = queue.returns.of(message.seq)
  return count === 0 ? wire : withCount(wire, count)
}

/** For `basic.get`, which tells the count of every message where they are counted, 0 too [observed on RabbitMQ 3.10]. */
export function gotWire(bytes: Buffer, message: Message, queue: Queue): WireBytes {
  if (!queue.settings.countsReturns) return deliveredWire(bytes, message, queue)
  return withCount(wireOf(bytes, message), queue.returns.of(message.seq))
}

function withCount(wire: WireBytes, count: number): WireBytes {
  return withHeader(wire, 'x-delivery-count', { '!': 'int64', value: String(count) })
}
