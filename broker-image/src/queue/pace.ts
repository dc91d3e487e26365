/** What the broker writes by itself waits for a disk that is behind, as publishers do: memory holds what is not on disk yet. */
import { UNSTABLE_BYTES_MAX } from '../limits.ts'
import type { QueueContext } from './context.ts'

const PAUSE_MS = 10

/** True while the disk is behind; then `goOn` is called after a pause. */
export function waitsForDisk({ log, clock }: Pick<QueueContext, 'log' | 'clock'>, goOn: () => void): boolean {
  if (log.unstableBytes <= UNSTABLE_BYTES_MAX) return false
  clock.after(PAUSE_MS, goOn)
  return true
}
