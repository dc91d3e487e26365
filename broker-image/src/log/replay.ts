/** The seam by which recovery gives the state of a log back to its owner. */

/**
 * What recovery tells, in this order: the checkpoint (`queue` or `snapshot`), then the messages that were live at the
 * checkpoint, then everything after it as it happened.
 *
 * A pair of queue id and seq names one message for ever: ids of deleted queues are not used again.
 */
export interface Replay {
  /** A queue of the checkpoint, with the next sequence number that it gives out. */
  queue(queueId: number, nextSeq: number): void
  /**
   * A message at (segment, offset). Only messages live at the checkpoint, then all later ones.
   * True keeps it: the log retains the segment once, and the owner calls `segments.release` when it is settled.
   * False (its queue is gone) leaves the segment alone.
   */
  enqueue(queueId: number, seq: number, segment: number, offset: number, expiresAtMs: number): boolean
  settle(queueId: number, firstSeq: number, count: number): void
  returned(queueId: number, seq: number, deliveryCount: number): void
  /** Everything of the queue below `beforeSeq` is settled. */
  purge(queueId: number, beforeSeq: number): void
  queueDeleted(queueId: number): void
  definition(bytes: Buffer): void
  /** The snapshot that the checkpoint holds; definitions after it follow. */
  snapshot(bytes: Buffer): void
}
