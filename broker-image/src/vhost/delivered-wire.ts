/** A message as its queue delivers it: as its publisher sent it, with the count of its returns where there were some. */
import { type DeadWire, wireOf } from '../queue/dead-wire.ts'
import type { Message } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { withHeader } from './wire-form.ts'

/** `bytes` are those of the segment that holds the message. */
export function deliveredWire(bytes: Buffer, message: Message, queue: Queue): DeadWire {
  const wire = wireOf(bytes, message)
  const count = queue.returns.of(message.seq)
  if (count === 0) return wire
  return withHeader(wire, 'x-delivery-count', { '!': 'int64', value: String(count) })
}
