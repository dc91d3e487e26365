/** One message of a queue by its position, and why a message may leave without an acknowledgement. */

/** Bodies are below 2^28 bytes (MESSAGE_BYTES_MAX), so that four flags fit into the word that holds the size. */
export const REDELIVERED_BIT = 0x8000_0000
export const PERSISTENT_BIT = 0x4000_0000
const SIZE_MASK = 0x0fff_ffff
/** Where the word holds why a message died that waits for its dead-letter exchange. */
const REASON_SHIFT = 28

/** A view of a message that its holder moves from one to the next: read it at once, never keep it. */
export interface Message {
  /** Sequence number in its queue. */
  readonly seq: number
  /** Handle of the log segment, and where in it the entry starts. */
  readonly segment: number
  readonly offset: number
  /** Bytes of the body, with REDELIVERED_BIT and PERSISTENT_BIT, and why it died. */
  readonly sized: number
}

/** A message of its own, whose holder keeps it; it follows when the log is cleaned. */
export interface Position extends Message {
  segment: number
  offset: number
}

/** A position that outlives the view it was read from. Beyond a turn it holds only for what the queue has `aside`. */
export function positionOf(message: Message): Position {
  const { seq, segment, offset, sized } = message
  return { seq, segment, offset, sized }
}

/** Bytes of the body. */
export function bodySize(sized: number): number {
  return sized & SIZE_MASK
}

export function isRedelivered(sized: number): boolean {
  return (sized & REDELIVERED_BIT) !== 0
}

/** Whether the message stands in the durable log, so that its settlement must be written there too. */
export function isPersistent(sized: number): boolean {
  return (sized & PERSISTENT_BIT) !== 0
}

/** Why a message was dead-lettered; the words of `x-death`, in the order of their numbers in the log. */
const DEATH_REASONS = ['rejected', 'expired', 'maxlen', 'delivery_limit'] as const
export type DeathReason = (typeof DEATH_REASONS)[number]

/** Bit of a delivery count in the log that says: the message is dead, and the lowest two bits say why. */
const DEAD_BIT = 0x8000_0000

/** A death as a delivery count in the log. */
export function deathMark(reason: DeathReason): number {
  return (DEAD_BIT | DEATH_REASONS.indexOf(reason)) >>> 0
}

/** Why a message died, by its delivery count in the log; undefined for one that lives. */
export function reasonOfMark(count: number): DeathReason | undefined {
  return count < DEAD_BIT ? undefined : DEATH_REASONS[count & 3]
}

/** The `sized` of a dead message that waits. */
export function sizedDead(sized: number, reason: DeathReason): number {
  return ((sized & PERSISTENT_BIT) | bodySize(sized) | (DEATH_REASONS.indexOf(reason) << REASON_SHIFT)) >>> 0
}

/** Why a message died, from the `sized` of one that waits. */
export function reasonOf(sized: number): DeathReason {
  return DEATH_REASONS[(sized >>> REASON_SHIFT) & 3]!
}

/** Why a message was settled, as written to the log. */
export const SETTLED = { acknowledged: 0, rejected: 1, expired: 2, dropped: 3, purged: 4 } as const

/** What the log is told of a death. */
export function settledBy(reason: DeathReason): number {
  if (reason === 'expired') return SETTLED.expired
  return reason === 'maxlen' ? SETTLED.dropped : SETTLED.rejected
}
