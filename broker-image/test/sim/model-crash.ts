/** What a crash may undo: the model of a broker that starts again on what its disks hold. */
import type { Model } from './model.ts'
import { DOUBT, type Entry, type ModelQueue } from './model-queue.ts'
import { Violation } from './violation.ts'

/** What is found after a start: durable queues by name, bindings as `exchange queue key`. */
export interface Found {
  readonly queues: ReadonlySet<string>
  readonly bindings: ReadonlySet<string>
}

/** Every client is gone. `wasClean`: the broker wrote everything down before it ended. */
export function startAgain(model: Model, found: Found, wasClean: boolean): void {
  model.at++
  model.isBurying = false
  model.epoch++
  if (wasClean) model.prove(model.at)
  for (const queue of [...model.known()]) {
    if (isThere(queue, found)) recover(model, queue)
    else forget(model, queue)
  }
  const names = new Set(model.queues.keys())
  for (const name of found.queues) if (!names.has(name)) throw new Violation(`queue ${name} is there after a start`)
  findBindings(model, found)
  model.prove(model.at)
  model.step++
}

function isThere(queue: ModelQueue, found: Found): boolean {
  const isThere = queue.durable && found.queues.has(queue.name)
  if (!isThere && queue.durable && queue.isDeclared && !queue.isDeleting) {
    throw new Violation(`queue ${queue.name} was declared, and is gone after a start`)
  }
  return isThere
}

function forget(model: Model, queue: ModelQueue): void {
  if (model.queues.get(queue.name) === queue) model.queues.delete(queue.name)
  model.deleted(queue)
}

/** What was not deleted for good is back, with doubtful messages. */
function recover(model: Model, queue: ModelQueue): void {
  model.deleting.delete(queue)
  model.queues.set(queue.name, queue)
  const entries = [...queue.live, ...queue.graves].filter(({ isKept }) => isKept)
  queue.live.clear()
  queue.graves.clear()
  for (const entry of entries) if (revive(model, entry, queue.isDeleting)) queue.live.add(entry)
  for (const same of Map.groupBy(queue.live, ({ key }) => key).values()) keepOne(queue, same)
  queue.consumers.length = 0
  queue.gets = 0
  // A delete that a crash cuts in two takes the bindings and leaves the queue.
  if (queue.isDeleting) for (const binding of model.bindings) if (binding.queue === queue) binding.isDeclared = false
  queue.isDeleting = false
  queue.isDeclared = true
  queue.takenStep = model.step
}

/** Of what the model took for gone, and what it took for another, the queue has one. */
function keepOne(queue: ModelQueue, [first, ...others]: readonly Entry[]): void {
  for (const other of others) {
    queue.live.delete(other)
    first!.position = null
    first!.deadlineMs = Math.min(first!.deadlineMs, other.deadlineMs)
    first!.expiredMs = Math.max(first!.expiredMs, other.expiredMs)
    first!.ttlMs = Math.max(first!.ttlMs, other.ttlMs)
    first!.returns.most = Math.max(first!.returns.most, other.returns.most)
    if (other.doubt === 0) first!.doubt = 0
  }
}

/** False when it is surely gone. */
function revive(model: Model, entry: Entry, wasDeleting: boolean): boolean {
  if (entry.state === 'gone' && entry.goneAt <= model.proven) return false
  const isDoubtful = entry.state === 'gone' || entry.enteredAt > model.proven || wasDeleting || entry.mayBeLost
  if (isDoubtful || (entry.doubt & DOUBT.expired) !== 0) entry.doubt |= DOUBT.crashed
  entry.doubt &= ~DOUBT.expired
  entry.enteredAt = Math.min(entry.enteredAt, model.at)
  entry.state = 'ready'
  entry.flag = 'set'
  entry.isLeaving = false
  if (entry.isArriving) entry.expiredMs = model.nowMs + entry.ttlMs
  entry.isArriving = false
  entry.returnedStep = model.step
  // What is counted is in the log, or not; more than the limit is never counted.
  entry.returns.least = 0
  entry.returns.most = Math.min(entry.returns.most, entry.queue.settings.deliveryLimit)
  return true
}

function findBindings(model: Model, found: Found): void {
  const left = new Set(found.bindings)
  for (const binding of [...model.bindings]) {
    const name = `${binding.exchange} ${binding.queue.name} ${binding.routingKey}`
    if (left.delete(name)) continue
    if (binding.isDeclared) throw new Violation(`the binding ${name} was declared, and is gone after a start`)
    model.bindings.delete(binding)
  }
  for (const name of left) throw new Violation(`the binding ${name} is there after a start`)
}
