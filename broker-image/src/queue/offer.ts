/** Offers one message to the queues of its route: those that are full refuse it, those that have it drop it. */
import type { Arrival, Intake } from './intake.ts'
import type { Queue } from './queue.ts'

/** Some queue has refused the message. */
export const REFUSED = -1

/**
 * Answers the batch of the log that must be stable before the publisher may hear that the message is safe (0 = none),
 * or `REFUSED` when a queue with `reject-publish` was full; the other queues have the message nevertheless. A duplicate is
 * safe when the first message is.
 */
export function offer(intake: Intake, arrival: Arrival, queues: readonly Queue[]): number {
  if (queues.length === 1 && takes(queues[0]!, arrival)) return intake.accept(arrival, queues)
  return offerToEach(intake, arrival, queues)
}

/** Apart from the function above: what a closure holds would be allocated for every message there. */
function offerToEach(intake: Intake, arrival: Arrival, queues: readonly Queue[]): number {
  const unwilling = queues.filter(queue => !takes(queue, arrival))
  if (unwilling.length === 0) return intake.accept(arrival, queues)
  const willing = queues.filter(queue => !unwilling.includes(queue))
  const full = unwilling.filter(queue => queue.refuses(arrival.size))
  for (const queue of full) queue.refuse(arrival)
  if (willing.length > 0) intake.accept(arrival, willing)
  return full.length > 0 ? REFUSED : intake.lastBatch
}

/** Whether a queue takes the message: it has room, and none with the same key if it drops duplicates. */
export function takes(queue: Queue, arrival: Arrival): boolean {
  return !queue.refuses(arrival.size) && (queue.keys === null || !queue.keys.holds(arrival))
}
