/** The end of all ready messages of a queue at once. */
import type { SegmentTable } from '../log/segment.ts'
import type { ShardLog } from '../log/shard-log.ts'
import { isPersistent } from './message.ts'
import type { Positions } from './positions.ts'

/** Settles every message of `ready` for `reason`, with one entry in the log for each run of neighbours. */
export function settleReady(
  ready: Positions,
  queueId: number,
  reason: number,
  { log, segments }: { readonly log: ShardLog; readonly segments: SegmentTable },
): void {
  let first = 0
  let count = 0
  const write = (): void => {
    if (count > 0) log.appendSettle(queueId, first, count, reason)
  }
  ready.each(() => {
    segments.release(ready.segment, 1)
    if (!isPersistent(ready.sized)) return
    if (ready.seq === first + count) {
      count++
      return
    }
    write()
    first = ready.seq
    count = 1
  })
  write()
  ready.clear()
}
