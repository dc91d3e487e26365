/** How messages of the model come back to their queues, and how often they may. */
import type { Model } from './model.ts'
import { applyLimits, die } from './model-deaths.ts'
import { DOUBT, type Entry, type ModelQueue } from './model-queue.ts'

/** A client gives these back. */
export function requeue(model: Model, entries: readonly Entry[]): void {
  model.at++
  for (const entry of entries) {
    if (entry.queue.isDeleting) {
      model.end(entry)
      continue
    }
    entry.state = 'ready'
    entry.flag = 'set'
    entry.returnedStep = model.step
    countReturn(model, entry, true)
    applyLimits(model, entry.queue)
  }
}

/** A client that consumed from this queue left. `unheard`: deliveries may have been on their way to it. */
export function left(model: Model, queue: ModelQueue, { unheard, noAck }: { unheard: boolean; noAck: boolean }): void {
  queue.takenStep = model.step
  if (!unheard) return
  for (const entry of queue.ready) {
    entry.returnedStep = model.step
    if (entry.flag === 'unset') entry.flag = 'either'
    if (noAck || entry.isLeaving) entry.doubt |= DOUBT.unheard
    entry.isLeaving = false
    if (!noAck && !queue.isDeleting) countReturn(model, entry, false)
  }
  if (!queue.isDeleting) applyLimits(model, queue)
}

/** A message that comes back too often dies. `isCertain`: it was away. */
function countReturn(model: Model, entry: Entry, isCertain: boolean): void {
  const { returns, queue } = entry
  const { deliveryLimit } = queue.settings
  returns.most++
  if (isCertain) returns.least++
  if (returns.most <= deliveryLimit) return
  const isDead = returns.least > deliveryLimit
  const isSure = isDead && entry.doubt === 0
  if (isDead) model.end(entry)
  else entry.doubt |= DOUBT.exhausted
  die(model, entry, { reason: 'delivery_limit', isCertain: isSure })
}
