/** What the broker writes by itself waits for a disk that is behind, as publishers do: memory holds what is not on disk yet. */
import type { ShardLog } from '../log/shard-log.ts'
import type { QueueContext } from './context.ts'

const PAUSE_MS = 10

/** Bytes beside a message that is written again: its entry, headers that are added, and what says that it left. */
const AROUND_BYTES = 16_384

/**
 * True while the disk is behind, or has no file for a message of `wireBytes` that is written again; then `goOn` is called
 * after a pause. Nothing that finds no room may stand in the log before the settlements that make room (docs/adr/0013).
 */
export function waitsForDisk(
  { log, clock }: Pick<QueueContext, 'log' | 'clock'>,
  goOn: () => void,
  wireBytes = 0,
): boolean {
  if (mayMove(log, wireBytes)) return false
  clock.after(PAUSE_MS, goOn)
  return true
}

/** A message of `wireBytes` may be written again now; 0 = it needs no disk, or how long it is is not known yet. */
function mayMove(log: ShardLog, wireBytes: number): boolean {
  if (log.isBehind) return false
  return wireBytes === 0 || !log.isShort || log.hasRoomFor(wireBytes + AROUND_BYTES)
}
