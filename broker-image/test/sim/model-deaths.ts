/** How messages of the model leave without a client: limits, time, and where dead letters go. */
import type { Model } from './model.ts'
import { type Death, DOUBT, type Entry, isRefusing, keeping, keyOf, type ModelQueue, mostReady } from './model-queue.ts'

interface Dying {
  readonly reason: Death['reason']
  /** False: it may be alive. */
  readonly isCertain: boolean
  /** When, if not now. */
  readonly timeMs?: number
}

/** A death whose dead letters are not in their queues yet. */
export interface Burial extends Required<Dying> {
  readonly entry: Entry
}

/**
 * Sends a dead message on, as its queue's settings say, and what is dropped for it in turn. One after another: each
 * message of a ring of queues may push out the next.
 */
export function die(model: Model, entry: Entry, { reason, isCertain, timeMs = model.nowMs }: Dying): void {
  if (entry.queue.settings.deadLetterExchange === undefined) return
  model.isBurying = true
  model.burials.push({ entry, reason, isCertain, timeMs })
  if (model.burials.length > 1) return
  for (const burial of model.burials) bury(model, burial)
  model.burials.length = 0
}

function bury(model: Model, burial: Burial): void {
  const { entry, reason, isCertain, timeMs } = burial
  const { deadLetterExchange, deadLetterKey } = entry.queue.settings
  const routingKey = deadLetterKey ?? entry.routingKey
  const deaths = deathsOf(burial)
  const key = keyOf(entry.id, routingKey, deaths)
  const routed = model.route(deadLetterExchange!, routingKey)
  const queues = routed.filter(queue => reason === 'rejected' || !isCycle(queue.name, deaths))
  for (const queue of queues) {
    if (!isDoubled(entry) && isKnown(model, queue, { key, isCertain, timeMs })) continue
    const { ttlMs } = queue.settings
    model.add({
      id: entry.id,
      queue,
      position: null,
      routingKey,
      size: entry.size,
      persistent: entry.persistent,
      ...keeping(entry.persistent, queue, queues),
      deadlineMs: timeMs + ttlMs,
      ttlMs,
      deaths,
      enteredAt: Number.POSITIVE_INFINITY,
      doubt: (isCertain ? 0 : DOUBT.undead) | (isRefusing(queue.settings) ? DOUBT.refused : 0),
      flag: 'unset',
      isArriving: true,
    })
  }
}

/** Newest first, one for each queue and reason. */
function deathsOf({ entry, reason }: Burial): Death[] {
  const count = 1 + (entry.deaths.find(death => isSame(death, entry, reason))?.count ?? 0)
  const others = entry.deaths.filter(death => !isSame(death, entry, reason))
  return [{ queue: entry.queue.name, reason, count }, ...others]
}

interface Renewal {
  readonly key: string
  readonly isCertain: boolean
  readonly timeMs: number
}

/**
 * A message is in its queue or dead, never both, whatever a crash undid: however often it may have died, it has one dead
 * letter. That one may only now be on its way: then it lives as long as its queue says now.
 */
function isKnown(model: Model, queue: ModelQueue, { key, isCertain, timeMs }: Renewal): boolean {
  const same = [...queue.live].filter(entry => entry.key === key)
  const known = same.find(({ state, doubt }) => state === 'ready' && doubt !== 0)
  if (known === undefined) return same.length > 0 && !isCertain
  if (isCertain) known.doubt &= ~DOUBT.undead
  if (isRefusing(queue.settings)) known.doubt |= DOUBT.refused
  if (known.flag === 'set') known.flag = 'either'
  known.isLeaving = false
  known.returns.least = 0
  known.deadlineMs = Math.min(known.deadlineMs, timeMs + queue.settings.ttlMs)
  known.ttlMs = Math.max(known.ttlMs, queue.settings.ttlMs)
  if (known.isArriving) return true
  known.isArriving = true
  known.enteredAt = Number.POSITIVE_INFINITY
  known.expiredMs = Number.POSITIVE_INFINITY
  applyLimits(model, queue)
  return true
}

/** What may have been dropped because of the queue's limits becomes doubtful; what surely was, dies. */
export function applyLimits(model: Model, queue: ModelQueue): void {
  const { maxLength, maxBytes } = queue.settings
  if (!hasLimit(queue)) return
  const ready = queue.ready.sort((a, b) => (a.position ?? 0) - (b.position ?? 0))
  const isKnown = queue.isUntouched(model.step) && queue.lingering.count === 0
  const isCertain = isKnown && ready.every(isSettled)
  let { count, bytes } = mostReady(queue)
  for (const entry of ready) {
    if (count <= maxLength && bytes <= maxBytes) return
    if (isCertain) model.end(entry)
    else entry.doubt |= DOUBT.dropped
    if (isCertain || entry.droppedEpoch !== model.epoch) {
      entry.droppedEpoch = model.epoch
      die(model, entry, { reason: 'maxlen', isCertain })
    }
    if (entry.position === null) continue
    count--
    bytes -= entry.size
  }
}

/** Time has come to `nowMs`. `isAtRest`: no disk operation was under way before. */
export function expire(model: Model, nowMs: number, isAtRest: boolean): void {
  model.at++
  const beforeMs = model.nowMs
  model.nowMs = nowMs
  for (let again = true; again; ) {
    again = false
    for (const queue of [...model.queues.values()]) {
      for (const entry of queue.ready) again = expireOne(model, entry, { beforeMs, isAtRest }) || again
    }
  }
  for (const { lingering } of model.queues.values()) Object.assign(lingering, { count: 0, bytes: 0 })
}

/**
 * True when something changed. The deadline of what came back from a client may have to be read from disk first, and a
 * `basic.get` without an answer may have taken the message before: for as long as it may be there, it may die now.
 */
function expireOne(model: Model, entry: Entry, time: { beforeMs: number; isAtRest: boolean }): boolean {
  const { deadlineMs, expiredMs, doubt } = entry
  if (deadlineMs > model.nowMs) return false
  const isLate = !time.isAtRest && entry.returnedStep >= model.restStep
  const mayWait = expiredMs > model.nowMs || isLate || entry.queue.gets > 0
  const timeMs = Math.max(deadlineMs, time.beforeMs)
  if (!mayWait) {
    model.end(entry)
    entry.queue.lingering.count++
    entry.queue.lingering.bytes += entry.size
    // A dead letter that comes at the same time may have dropped it first.
    const mayDrop = hasLimit(entry.queue)
    die(model, entry, { reason: 'expired', isCertain: doubt === 0 && !mayDrop, timeMs })
    if (mayDrop) die(model, entry, { reason: 'maxlen', isCertain: false, timeMs })
    return true
  }
  const { size } = model
  const isNew = (doubt & DOUBT.expired) === 0
  entry.doubt |= DOUBT.expired
  if (isNew || !isDoubled(entry)) die(model, entry, { reason: 'expired', isCertain: false, timeMs })
  return isNew || model.size !== size
}

/** Whether it is known that the message is there, and where. */
function isSettled({ position, doubt, isLeaving }: Entry): boolean {
  return position !== null && doubt === 0 && !isLeaving
}

function isDoubled({ doubt }: Entry): boolean {
  return (doubt & DOUBT.doubled) !== 0
}

/** Whether messages are dropped for newer ones. */
function hasLimit({ settings: { overflow, maxLength, maxBytes } }: ModelQueue): boolean {
  return overflow === 'drop-head' && Math.min(maxLength, maxBytes) !== Number.POSITIVE_INFINITY
}

function isSame(death: Death, { queue }: Entry, reason: Death['reason']): boolean {
  return death.queue === queue.name && death.reason === reason
}

/** Whether the message came through this queue before, and no client refused it since. */
function isCycle(queue: string, deaths: readonly Death[]): boolean {
  const at = deaths.findIndex(death => death.queue === queue)
  return at >= 0 && deaths.slice(0, at + 1).every(({ reason }) => reason !== 'rejected')
}
