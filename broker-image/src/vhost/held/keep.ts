/** A message that exchanges on its way keep goes to its queues and to them together: all of it, or nothing. */
import type { Arrival } from '../../queue/intake.ts'
import { offer, REFUSED } from '../../queue/offer.ts'
import type { Queue } from '../../queue/queue.ts'
import type { RoutedMessage } from '../../routing/exchange.ts'
import type { Holder, HoldingContext } from './site.ts'

type Keeping = Pick<HoldingContext, 'intake'>

/** Room in the log for what surrounds a message: headers that are added, targets, settlements. */
const AROUND_BYTES = 4_096
const TARGET_BYTES = 20

/**
 * What is answered is as of `offer`. What is kept is appended first: a queue that is full may send dead letters on their
 * way, for which no room is made. Of a message that some queue refuses nothing is noted, so that it may be sent again.
 */
export function offerAndKeep(
  context: Keeping,
  arrival: Arrival,
  queues: readonly Queue[],
  message: RoutedMessage | null,
): number {
  const holders = (message?.keepers ?? []) as Holder[]
  if (message === null || holders.length === 0) return queues.length === 0 ? 0 : offer(context.intake, arrival, queues)
  makeRoom(context, arrival, { copies: 1 + holders.length, queues: queues.length })
  const isRefused = queues.some(queue => queue.refuses(arrival.size))
  let batch = 0
  for (const holder of holders) {
    if (!isRefused || holder.postpones) batch = Math.max(batch, holder.keep(arrival, message))
  }
  const offered = queues.length === 0 ? 0 : offer(context.intake, arrival, queues)
  return offered === REFUSED ? REFUSED : Math.max(batch, offered)
}

/** Sees to it that what is appended next stands in one batch of the log, which a crash never cuts. */
export function makeRoom(
  { intake }: Keeping,
  { start, end }: Pick<Arrival, 'start' | 'end'>,
  { copies, queues }: { copies: number; queues: number },
): void {
  intake.together(copies * (end - start + AROUND_BYTES) + queues * TARGET_BYTES)
}
