/** An enqueue entry as far as it lives: the header with which it is appended again, for the queues that still have it. */
import { readU32, readU64 } from '../wire/integers.ts'
import type { Tenants } from './cleaner.ts'
import {
  ENQUEUE_HEADER_BYTES,
  type EnqueueHeader,
  FLAG_EXPIRY,
  FLAG_MOVED,
  flagsAt,
  keyLengthAt,
  targetBytes,
  wireStart,
} from './record.ts'
import type { Segment } from './segment.ts'

/** Holds one entry at a time, so that looking at millions allocates nothing. */
export class LivingEntry {
  readonly header: EnqueueHeader = {
    flags: 0,
    keyLength: 0,
    bodyBytes: 0,
    targetCount: 0,
    queueIds: new Uint32Array(0),
    seqs: new Float64Array(0),
    expiresAtMs: new Float64Array(0),
  }
  readonly #tenants: Tenants

  constructor(tenants: Tenants) {
    this.#tenants = tenants
  }

  /** Reads the entry at `offset` into `header`; answers for how many queues it lives. */
  read(segment: Segment, bytes: Buffer, offset: number): number {
    const header = this.header
    const flags = flagsAt(bytes, offset)
    const step = targetBytes(flags)
    const end = wireStart(bytes, offset)
    let count = 0
    for (let at = offset + ENQUEUE_HEADER_BYTES; at < end; at += step) {
      const queueId = readU32(bytes, at)
      const seq = readU64(bytes, at + 4)
      const bodyBytes = this.#tenants.bodyBytes(queueId, seq, segment.handle, offset)
      if (bodyBytes < 0) continue
      if (count === header.queueIds.length) grow(header)
      header.queueIds[count] = queueId
      header.seqs[count] = seq
      header.expiresAtMs[count] = (flags & FLAG_EXPIRY) === 0 ? 0 : readU64(bytes, at + 12)
      header.bodyBytes = bodyBytes
      count++
    }
    header.targetCount = count
    header.flags = (flags & ~FLAG_EXPIRY) | FLAG_MOVED
    header.keyLength = keyLengthAt(bytes, offset)
    return count
  }
}

function grow(header: EnqueueHeader): void {
  const length = Math.max(16, header.queueIds.length * 2)
  const { queueIds, seqs, expiresAtMs } = header
  header.queueIds = new Uint32Array(length)
  header.seqs = new Float64Array(length)
  header.expiresAtMs = new Float64Array(length)
  header.queueIds.set(queueIds)
  header.seqs.set(seqs)
  header.expiresAtMs.set(expiresAtMs)
}
