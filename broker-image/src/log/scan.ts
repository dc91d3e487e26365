/** Reads a segment's file at recovery: finds its end, checks it, and replays its entries. */

import { readU32 } from '../wire/integers.ts'
import { BATCH_HEADER_BYTES, batchLength, entriesAt, firstLsnAt, laterBatch, SEGMENT_HEADER_BYTES } from './batch.ts'
import type { EntryReplay } from './entry-replay.ts'
import { LogCorruptError } from './errors.ts'
import { ENTRY_HEADER_BYTES } from './record.ts'
import type { Segment } from './segment.ts'

/**
 * Reads the whole file into `buffer`, replays its batches, and sets `head`, `stable` and `nextLsn` behind the last
 * whole one. Throws LogCorruptError if a whole batch follows a damaged one: only the last batch can be torn, since
 * the next is not written before it is stable.
 */
export function scanSegment(segment: Segment, buffer: Buffer, entries: EntryReplay): void {
  const name = segment.file?.name ?? ''
  segment.file?.readSync(buffer, 0, segment.bytes)
  let at = SEGMENT_HEADER_BYTES
  for (let length = batchLength(buffer, at, segment.bytes); length > 0; ) {
    if (firstLsnAt(buffer, at) !== segment.nextLsn) {
      throw new LogCorruptError(name, at, `a batch begins at LSN ${firstLsnAt(buffer, at)}, not ${segment.nextLsn}`)
    }
    scanBatch(segment, buffer, { at, end: at + length, entries })
    at += length
    length = batchLength(buffer, at, segment.bytes)
  }
  segment.head = at
  segment.stable = at
  const later = laterBatch(buffer, at, segment.bytes)
  if (later >= 0) throw new LogCorruptError(name, at, `a batch is damaged, and a whole one follows at byte ${later}`)
}

function scanBatch(segment: Segment, buffer: Buffer, batch: { at: number; end: number; entries: EntryReplay }): void {
  const lsnEnd = segment.nextLsn + entriesAt(buffer, batch.at)
  let at = batch.at + BATCH_HEADER_BYTES
  for (let lsn = segment.nextLsn; lsn < lsnEnd; lsn++) {
    const length = at + ENTRY_HEADER_BYTES <= batch.end ? readU32(buffer, at) : 0
    if (length < ENTRY_HEADER_BYTES || at + length > batch.end) {
      throw new LogCorruptError(segment.file?.name ?? '', at, 'the entries of a batch do not fill it')
    }
    batch.entries.entry(lsn, segment, buffer, at)
    at += length
  }
  segment.nextLsn = lsnEnd
}
