/** Checkpoints: the state of a log's owner at one LSN, so that older settlements need not be kept. */

/** One queue at a checkpoint. */
export interface QueueState {
  queueId: number
  /** The next sequence number that the queue gives out. */
  nextSeq: number
  /** Messages neither settled nor purged (unacked ones included), ascending: first seq, count, first seq, count, … */
  live: ArrayLike<number>
  /** Live messages that came back: seq, delivery count, seq, delivery count, … */
  returned: ArrayLike<number>
}

/** The payload of a message log's checkpoint. */
export function encodeQueueStates(states: Iterable<QueueState>): Buffer {
  throw new Error(`not yet: ${states}`)
}

/** The payload of the meta log's checkpoint. */
export function encodeSnapshot(bytes: Buffer): Buffer {
  throw new Error(`not yet: ${bytes}`)
}
