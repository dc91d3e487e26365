/** One message of a queue by its position, and why a message may leave without an acknowledgement. */

/** Bodies are below 2^28 bytes (MESSAGE_BYTES_MAX), so that two flags fit into the word that holds the size. */
export const REDELIVERED_BIT = 0x8000_0000
export const PERSISTENT_BIT = 0x4000_0000
const SIZE_MASK = 0x3fff_ffff

/** A view of a message that its holder moves from one to the next: read it at once, never keep it. */
export interface Message {
  /** Sequence number in its queue. */
  readonly seq: number
  /** Handle of the log segment, and where in it the entry starts. */
  readonly segment: number
  readonly offset: number
  /** Bytes of the body, with REDELIVERED_BIT and PERSISTENT_BIT. */
  readonly sized: number
}

/** A position that outlives the view it was read from. */
export function positionOf(message: Message): Message {
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

/** Why a message was dead-lettered; the words of `x-death`. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit'

/** Why a message was settled, as written to the log. */
export const SETTLED = { acknowledged: 0, rejected: 1, expired: 2, dropped: 3, purged: 4 } as const

/** What the log is told of a death. */
export function settledBy(reason: DeathReason): number {
  if (reason === 'expired') return SETTLED.expired
  return reason === 'maxlen' ? SETTLED.dropped : SETTLED.rejected
}
