/** Where each message stands in a log, for the cleaner: in its queue, aside, or with the channel that has yet to settle it. */
import type { Tenants } from './log/cleaner.ts'
import type { Segment } from './log/segment.ts'
import { bodySize, type Message } from './queue/message.ts'
import type { Queue } from './queue/queue.ts'
import type { Unacked } from './session/unacked.ts'

/** A delivery that waits for a settlement. */
interface Delivery {
  queueId: number
  segment: number
  offset: number
  sized: number
  unacked: Unacked
  slot: number
}

export class QueueTenants implements Tenants {
  readonly #queues: ReadonlyMap<number, Queue>
  readonly #eachUnacked: (visit: (unacked: Unacked) => void) => void
  /** Deliveries of the segments that are looked at, by sequence number. */
  readonly #deliveries = new Map<number, Delivery[]>()

  constructor(queues: ReadonlyMap<number, Queue>, eachUnacked: (visit: (unacked: Unacked) => void) => void) {
    this.#queues = queues
    this.#eachUnacked = eachUnacked
  }

  look(segments: readonly Segment[]): void {
    this.#deliveries.clear()
    if (segments.length === 0) return
    const looked = flagged(segments)
    this.#eachUnacked(unacked => {
      unacked.eachIn(looked, (slot, { id }) => {
        const { seq, segment, offset, sized } = unacked
        const delivery = { queueId: id, segment, offset, sized, unacked, slot }
        const others = this.#deliveries.get(seq)
        if (others === undefined) this.#deliveries.set(seq, [delivery])
        else others.push(delivery)
      })
    })
  }

  bodyBytes(queueId: number, seq: number, segment: number, offset: number): number {
    const message = this.#delivery(queueId, seq) ?? messageOf(this.#queues.get(queueId), seq)
    return message?.segment === segment && message.offset === offset ? bodySize(message.sized) : -1
  }

  move(queueId: number, seq: number, segment: number, offset: number): void {
    const delivery = this.#delivery(queueId, seq)
    const queue = this.#queues.get(queueId)
    const aside = queue?.aside.get(seq)
    if (delivery !== undefined) delivery.unacked.move(delivery.slot, segment, offset)
    else if (aside === undefined) queue?.dead.placeOf(seq)?.move(seq, segment, offset)
    else {
      aside.segment = segment
      aside.offset = offset
    }
  }

  #delivery(queueId: number, seq: number): Delivery | undefined {
    return this.#deliveries.get(seq)?.find(delivery => delivery.queueId === queueId)
  }
}

/** A one for the handle of each segment. */
function flagged(segments: readonly Segment[]): Uint8Array {
  const flags = new Uint8Array(1 + segments.reduce((highest, { handle }) => Math.max(highest, handle), 0))
  for (const { handle } of segments) flags[handle] = 1
  return flags
}

function messageOf(queue: Queue | undefined, seq: number): Message | undefined {
  if (queue === undefined) return undefined
  return queue.aside.get(seq) ?? queue.dead.placeOf(seq)
}
