/** Which segments of a log are cleaned: too much of the log is dead, and most of these is (docs/adr/0011). */
import { CLEANER_SEGMENTS_MAX } from '../limits.ts'
import type { Segment } from './segment.ts'

/** Bytes of an entry beside the body, about: headers, one target, keys and a few properties. */
const ENTRY_OVERHEAD_BYTES = 96

/** What `survey` found. */
export interface Survey {
  /** Sealed segments in which anything lives. */
  readonly inhabited: readonly Segment[]
  /** Bytes that those which count take beyond what the log may take; all they take while the disk is short. */
  readonly excess: number
  /** What to clean together, oldest first; empty when nothing has to be cleaned. */
  readonly victims: readonly Segment[]
}

export interface SurveyOptions {
  /** Size of the usual segment. */
  segmentBytes: number
  /** Every segment that is half dead is cleaned, whatever there is of others. */
  isShort: boolean
  /** Whether the segment counts. */
  counts: (segment: Segment) => boolean
}

interface Candidate {
  readonly segment: Segment
  readonly bytes: number
}

/**
 * Looks through the segments before `tail`. The victims are those least alive. Beside traffic one of them alone would
 * be moved for nothing: it lies as thinly in the segment that it comes to, and that one would have been empty soon.
 */
export function survey(tail: Segment | null, { segmentBytes, isShort, counts }: SurveyOptions): Survey {
  const inhabited: Segment[] = []
  const candidates: Candidate[] = []
  let space = 0
  let live = 0
  for (let segment = tail?.previous ?? null; segment !== null; segment = segment.previous) {
    if (segment.live === 0) continue
    inhabited.push(segment)
    if (!counts(segment)) continue
    const bytes = liveBytesOf(segment)
    space += segment.bytes
    live += bytes
    if (bytes * 2 <= segment.bytes && mayBeCleaned(segment)) candidates.push({ segment, bytes })
  }
  const excess = isShort ? space : space - 2 * live - segmentBytes
  if (excess <= 0) return { inhabited, excess, victims: [] }
  candidates.sort((a, b) => a.bytes - b.bytes || age(a) - age(b))
  const victims = isShort ? candidates.slice(0, CLEANER_SEGMENTS_MAX) : worthwhile(candidates, segmentBytes, excess)
  return { inhabited, excess, victims: victims.map(({ segment }) => segment).sort((a, b) => a.baseLsn - b.baseLsn) }
}

/**
 * The fewest that fill fewer segments by half than they are, and more of that kind until they are as much as is too
 * much: or heavy traffic would leave more behind than is cleaned. There are some when too much of the log is dead,
 * unless there are more of them than the bound, and each nearly worth it.
 */
function worthwhile(candidates: readonly Candidate[], segmentBytes: number, excess: number): readonly Candidate[] {
  let sum = 0
  let worth = 0
  for (let count = 1; count <= Math.min(candidates.length, CLEANER_SEGMENTS_MAX); count++) {
    sum += candidates[count - 1]!.bytes
    if (2 * sum > (count - 1) * segmentBytes) continue
    worth = count
    if (worth * segmentBytes >= excess) break
  }
  return candidates.slice(0, worth)
}

function age({ segment }: Candidate): number {
  return segment.baseLsn
}

function mayBeCleaned(segment: Segment): boolean {
  return segment.stable === segment.head && segment.live <= segment.cleanBelow
}

/** An estimate by the bodies; messages that went to many queues count with the mean of their segment. */
function liveBytesOf({ head, live, liveBytes, entries, targets }: Segment): number {
  const bytes = liveBytes + live * ENTRY_OVERHEAD_BYTES
  return Math.min(head, targets === 0 ? bytes : (bytes * entries) / targets)
}
