/** When a log is cleaned: too much of it is dead, and stays as it is for a while. */
import type { Clock, Timer } from '../clock.ts'
import type { Segment } from './segment.ts'
import type { ShardLog } from './shard-log.ts'
import { type Survey, survey } from './victims.ts'

/** Segments that are looked at in one turn, in the mean, to find out whether there is anything to clean. */
const SEGMENTS_LOOKED_AT = 64
/** A segment that loses more than one in so many of its messages while it is watched is about to be empty. */
const EMPTYING_PART = 8

export interface WatchOptions {
  log: ShardLog
  /** Size of the usual segment. */
  segmentBytes: number
  clock: Clock
  /** Time in which segments are watched before they are cleaned. */
  patienceMs: number
  /** Asks for another turn, since there is more to do. */
  wake: () => void
}

/** How many messages lived in each segment when it began; its timer is undefined once it is over. */
interface Period {
  readonly live: ReadonlyMap<Segment, number>
  timer: Timer | undefined
}

/**
 * When too much of the log is dead, it is watched for a while: traffic that flows through leaves segments behind it
 * that are nearly empty, and soon empty. Only those that stay as they are count then.
 */
export class Watch {
  readonly #options: WatchOptions
  #period: Period | null = null
  /** Turns until the segments are looked at again, and the timer for the case that no more come. */
  #rest = 0
  #later: Timer | undefined

  constructor(options: WatchOptions) {
    this.#options = options
  }

  /** What to clean now, some segments; null = nothing yet. Called once a turn. `isShort`: the disk is short of room. */
  next(isShort: boolean): Survey | null {
    if (this.#period === null) {
      this.#beginIfDue(isShort)
      if (this.#period === null) return null
    }
    const { timer, live } = this.#period
    if (timer !== undefined) return null
    this.#period = null
    this.#options.wake()
    const found = this.#survey(isShort, segment => isSteady(segment, live.get(segment)))
    if (found.victims.length === 0) return null
    // The next watch runs while these are cleaned, or the log would fall behind heavy traffic.
    this.#begin(found.inhabited)
    return found
  }

  /** Nothing is looked at again before there is another turn. */
  giveUp(): void {
    this.#period?.timer?.cancel()
    this.#period = null
  }

  stop(): void {
    this.giveUp()
    this.#later?.cancel()
  }

  #beginIfDue(isShort: boolean): void {
    if (this.#rest > 0) {
      this.#rest--
      this.#lookLater()
      return
    }
    const { inhabited, victims } = this.#survey(isShort, () => true)
    this.#rest = Math.floor(inhabited.length / SEGMENTS_LOOKED_AT)
    if (victims.length > 0) this.#begin(inhabited)
  }

  #begin(inhabited: readonly Segment[]): void {
    const period: Period = { live: new Map(inhabited.map(segment => [segment, segment.live])), timer: undefined }
    this.#period = period
    const { clock, patienceMs, wake } = this.#options
    if (patienceMs === 0) return
    period.timer = clock.after(patienceMs, () => {
      period.timer = undefined
      wake()
    })
  }

  /** The last turns of what went on may have settled much. */
  #lookLater(): void {
    const { clock, patienceMs, wake } = this.#options
    this.#later ??= clock.after(patienceMs, () => {
      this.#later = undefined
      this.#rest = 0
      wake()
    })
  }

  #survey(isShort: boolean, counts: (segment: Segment) => boolean): Survey {
    const { log, segmentBytes } = this.#options
    return survey(log.tail, { segmentBytes, isShort, counts })
  }
}

/** It was there when the watch began, and no more than a part of it was settled since. */
function isSteady(segment: Segment, liveAtFirst: number | undefined): boolean {
  return liveAtFirst !== undefined && segment.live * EMPTYING_PART >= liveAtFirst * (EMPTYING_PART - 1)
}
