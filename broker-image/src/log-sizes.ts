/** What a node keeps of its logs on disk and in memory. */
import type { Alarms } from './alarms.ts'
import { META_SEGMENT_BYTES, SEGMENT_BYTES, SEGMENTS_RESIDENT_MAX, SEGMENTS_RESIDENT_MIN } from './limits.ts'
import type { LogOptions } from './log/recovery.ts'

/** In bytes and in files. */
export interface LogSizes extends Pick<LogOptions, 'spareMax' | 'uncheckpointedMax'> {
  readonly segmentBytes: number
  readonly metaSegmentBytes: number
  readonly residentBytesMax: number
  /** Time in which segments are watched before they are cleaned. */
  readonly cleanerPatienceMs?: number
}

export function usualSizes(alarms: Pick<Alarms, 'memoryMax'>): LogSizes {
  const residentBytesMax = residentBytes(alarms.memoryMax)
  return { segmentBytes: SEGMENT_BYTES, metaSegmentBytes: META_SEGMENT_BYTES, residentBytesMax }
}

/** A quarter of the memory that publishers may fill, so that a backlog goes to disk before it blocks them. */
function residentBytes(memoryMax: number): number {
  const segments = Math.floor(memoryMax / 4 / SEGMENT_BYTES)
  return Math.min(Math.max(segments, SEGMENTS_RESIDENT_MIN), SEGMENTS_RESIDENT_MAX) * SEGMENT_BYTES
}
