/** A message that exchanges on its way keep goes to its queues and to them together: all of it, or nothing. */
import type { Arrival } from '../../queue/intake.ts'
import { offer, REFUSED } from '../../queue/offer.ts'
import type { Queue } from '../../queue/queue.ts'
import type { RoutedMessage } from '../../routing/exchange.ts'
import type { Holder, HoldingContext } from './site.ts'

type Keeping = Pick<HoldingContext, 'intake'>

/** Bytes of a text in a field table besides its own. */
const KEY_HEAD_BYTES = 5

/** A message with the queues of its route; null for one that no exchange has looked at. */
export interface Routed {
  readonly arrival: Arrival
  readonly queues: readonly Queue[]
  readonly message: RoutedMessage | null
}

/** What is answered is as of `offer`. Of a message that some queue refuses nothing is noted, so that it may be sent again. */
export function offerAndKeep(
  context: Keeping,
  arrival: Arrival,
  queues: readonly Queue[],
  message: RoutedMessage | null,
): number {
  if (message?.keepers !== undefined) return offerTogether(context, { arrival, queues, message })
  return queues.length === 0 ? 0 : offer(context.intake, arrival, queues)
}

/** Apart from the function above: what a closure holds would be allocated for every message there. */
function offerTogether(context: Keeping, routed: Routed): number {
  return together(context, routed, () => keepAndOffer(context, routed))
}

/** The same for a message that leaves another queue: `settle` says that it does, in the same batch of the log. */
export function moveAndKeep(context: Keeping, routed: Routed, settle: () => void): number {
  return together(context, routed, () => {
    settle()
    return keepAndOffer(context, routed)
  })
}

/** What is kept is appended first: a queue that is full may send dead letters on their way, which have room of their own. */
function keepAndOffer(context: Keeping, { arrival, queues, message }: Routed): number {
  const holders = (message?.keepers ?? []) as Holder[]
  const isRefused = holders.length > 0 && queues.some(queue => queue.refuses(arrival.size))
  let batch = 0
  for (const holder of holders) {
    if (!isRefused || holder.postpones) batch = Math.max(batch, holder.keep(arrival, message!))
  }
  const offered = queues.length === 0 ? 0 : offer(context.intake, arrival, queues)
  return offered === REFUSED ? REFUSED : Math.max(batch, offered)
}

/** A copy may have the routing keys of a `BCC` besides what the message has. */
function together<T>({ intake }: Keeping, { arrival, queues, message }: Routed, append: () => T): T {
  const keys = message?.routingKeys ?? []
  const keyBytes = keys.length === 1 ? 0 : keys.reduce((sum, key) => sum + Buffer.byteLength(key) + KEY_HEAD_BYTES, 0)
  const wireBytes = arrival.end - arrival.start + keyBytes
  return intake.together(wireBytes, queues.length, message?.keepers?.length ?? 0, append)
}
