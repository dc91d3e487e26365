/** A message as its queue delivers it: as its publisher sent it, with the count of its returns where there is one. */
import { type DeadWire, wireOf } from '../queue/dead-wire.ts'
import type { Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { withHeader } from './wire-form.ts'

/** For a consumer: nothing is said of a message that never came back. `bytes` are those of the message's segment. */
export function deliveredWire(bytes: Buffer, message: Message, queue: Queue): DeadWire {
  const wire = wireOf(bytes, message)
  const count = queue.returns.of(message.seq)
  return count === 0 ? wire : withCount(wire, count)
}

/** For `basic.get`, which tells the count of every message where they are counted, 0 too [observed on RabbitMQ 3.10]. */
export function gotWire(bytes: Buffer, message: Message, queue: Queue): DeadWire {
  if (!queue.settings.countsReturns) return deliveredWire(bytes, message, queue)
  return withCount(wireOf(bytes, message), queue.returns.of(message.seq))
}

function withCount(wire: DeadWire, count: number): DeadWire {
  return withHeader(wire, 'x-delivery-count', { '!': 'int64', value: String(count) })
}
