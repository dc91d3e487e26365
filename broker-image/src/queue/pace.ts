/** What the broker writes by itself waits for a disk that is behind, as publishers do: memory holds what is not on disk yet. */
import type { ShardLog } from '../log/shard-log.ts'
import type { QueueContext } from './context.ts'

const PAUSE_MS = 10
/** Longer: very many queues may wait until somebody consumes. */
const ROOM_PAUSE_MS = 100

/** Bytes beside a message that is written again: its entry, headers that are added, and what says that it left. */
const AROUND_BYTES = 16_384

/**
 * True while the disk is behind, or has no file for a message of `wireBytes` that is written again; then `goOn` is called
 * after a pause. Nothing that finds no room may stand in the log before the settlements that make room (docs/adr/0014).
 */
export function waitsForDisk(
  { log, clock }: Pick<QueueContext, 'log' | 'clock'>,
  goOn: () => void,
  wireBytes: number | null = null,
): boolean {
  if (mayMove(log, wireBytes)) return false
  clock.after(log.isBehind ? PAUSE_MS : ROOM_PAUSE_MS, goOn)
  return true
}

/** A message of `wireBytes` may be written again now; null = it needs no disk, or nothing is known of it yet. */
export function mayMove(log: ShardLog, wireBytes: number | null): boolean {
  if (log.isBehind) return false
  return wireBytes === null || !log.isShort || log.hasRoomFor(wireBytes + AROUND_BYTES)
}
