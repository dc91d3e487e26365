/** Offers one message to the queues of its route: those that are full refuse it, the others take it. */
import type { Arrival, Intake } from './intake.ts'
import type { Queue } from './queue.ts'

/** Some queue has refused the message. */
export const REFUSED = -1

/**
 * Answers the batch of the log that must be stable before the publisher may hear that the message is safe (0 = none),
 * or `REFUSED` when a queue with `reject-publish` was full; the other queues have the message nevertheless.
 */
export function offer(intake: Intake, arrival: Arrival, queues: readonly Queue[]): number {
  const willing = queues.length === 1 && !queues[0]!.refuses(arrival.size) ? queues : willingOf(arrival, queues)
  const batch = willing.length === 0 ? 0 : intake.accept(arrival, willing)
  return willing.length < queues.length ? REFUSED : batch
}

function willingOf(arrival: Arrival, queues: readonly Queue[]): readonly Queue[] {
  const full = queues.filter(queue => queue.refuses(arrival.size))
  if (full.length === 0) return queues
  const willing = queues.filter(queue => !full.includes(queue))
  for (const queue of full) queue.refuse(arrival)
  return willing
}
