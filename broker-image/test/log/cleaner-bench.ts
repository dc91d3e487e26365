/** A cleaner with a log and its queues, whose turns and time go on by command. */
import { expect } from 'vitest'
import { Cleaner } from '../../src/log/cleaner.ts'
import type { Segment } from '../../src/log/segment.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { bodyOf, flush, type OpenLog, openLog, publish, SMALL_SEGMENT_BYTES, settle, TestTenants } from './owner.ts'

export const BODY_BYTES = 400
/** Segments in memory: most are read back from disk. */
const RESIDENT_SEGMENTS = 3
/** More turns than any test needs. */
const TURNS_MAX = 20_000

export class CleanerBench {
  readonly disk = new MemoryDisk(seeded(1))
  readonly open: OpenLog
  readonly tenants: TestTenants
  readonly cleaner: Cleaner
  readonly damage: Error[] = []
  readonly clock = new ManualClock()
  isAwake = false

  constructor(open?: OpenLog, patienceMs = 0, segmentBytes = SMALL_SEGMENT_BYTES) {
    this.open = open ?? openLog(this.disk, { segmentBytes }, RESIDENT_SEGMENTS * segmentBytes)
    this.tenants = new TestTenants(this.open.queues)
    this.cleaner = new Cleaner({
      log: this.open.log,
      tenants: this.tenants,
      segmentBytes,
      clock: this.clock,
      patienceMs,
      wake: () => {
        this.isAwake = true
      },
      onCleaned: () => {},
      onDamage: error => this.damage.push(error),
    })
  }

  fill(messages: number, queueIds = [1]): void {
    for (let i = 0; i < messages; i++) {
      publish(this.open, queueIds, Buffer.alloc(BODY_BYTES, 1 + (i % 200)))
      flush(this.open, this.disk)
    }
  }

  /** Settles what `isKept` does not keep. */
  settle(isKept: (seq: number) => boolean, queueId = 1): void {
    for (const seq of [...this.open.queues.of(queueId).live.keys()]) {
      if (!isKept(seq)) settle(this.open, queueId, seq, 1)
    }
    flush(this.open, this.disk)
  }

  /** Turns as long as there is something to do. */
  clean(isShort = false): void {
    let left = TURNS_MAX
    do {
      this.isAwake = false
      this.cleaner.step(isShort)
      flush(this.open, this.disk)
    } while (this.isAwake && left-- > 0)
    expect(left).toBeGreaterThan(0)
  }

  /** Segments with messages that live. */
  get segments(): Segment[] {
    const segments: Segment[] = []
    for (let at = this.open.log.tail; at !== null; at = at.previous) if (at.live > 0) segments.push(at)
    return segments
  }

  get bodies(): number[] {
    return [...this.open.queues.of(1).live.values()].map(message => bodyOf(this.open, this.disk, message)[0]!)
  }
}
