/** Whole brokers that start on the same log, and what can be told of their queues. */
import {
  batchLength,
  entriesAt,
  firstLsnAt,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from '../../src/log/batch.ts'
import { CHECKPOINT_FILE, decodeCheckpoint } from '../../src/log/checkpoint.ts'
import { segmentFileNumber } from '../../src/log/segment-files.ts'
import type { Queue } from '../../src/queue/queue.ts'
import { BrokerWorld } from '../support/broker-world.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'

const SEGMENT_BYTES = 16_384

/** What a node decides for itself: a follower may have other sizes than its leader. */
export interface NodeSizes {
  residentBytesMax: number
  spareMax: number
  uncheckpointedMax: number
}

/** A broker on disks in memory, whose operations end when `settle` is called. */
export class Engine {
  readonly world: BrokerWorld
  readonly #disks = new Map<string, MemoryDisk>()

  constructor(sizes: NodeSizes, seed = 1) {
    const random = seeded(seed)
    const disk = (name: string): MemoryDisk => {
      const made = this.#disks.get(name) ?? new MemoryDisk(random)
      this.#disks.set(name, made)
      return made
    }
    const logSizes = { segmentBytes: SEGMENT_BYTES, metaSegmentBytes: SEGMENT_BYTES, ...sizes }
    this.world = new BrokerWorld({ disk, eachTurn: () => this.#turn(), logSizes })
  }

  disk(name: string): MemoryDisk {
    return this.#disks.get(name)!
  }

  /** Another process takes over, on these disks and at this time. */
  startOn(disks: { [name: string]: MemoryDisk }, nowMs: number): void {
    this.world.clock.advance(nowMs - this.world.clock.now())
    for (const [name, disk] of Object.entries(disks)) this.#disks.set(name, disk)
    this.#disks.set('transient', new MemoryDisk(seeded(1)))
    this.world.restart(name => this.disk(name))
  }

  /** Those that nobody sees too, in which exchanges keep messages. */
  get queues(): Queue[] {
    return [...this.world.broker.queuesById.values()].sort((a, b) => a.id - b.id)
  }

  /** All that the definitions say and the queues hold, by what is the same on every node. */
  state(): object {
    const queues = this.queues.map(queue => ({
      id: queue.id,
      name: queue.name,
      nextSeq: queue.nextSeq,
      messages: queue.messagesReady,
      bytes: queue.bytesReady,
      returns: queue.returns.flat(),
      waitingDead: queue.dead.flat(),
      keys: queue.keys?.count,
      positions: this.#positions(queue),
    }))
    return { definitions: this.world.broker.definitions.snapshot().toString('latin1'), queues }
  }

  /** The same for one queue, without where messages stand: what a log must tell of messages that nobody has settled. */
  kept(queue: Queue): object {
    return {
      name: queue.name,
      nextSeq: queue.nextSeq,
      live: this.live(queue),
      returns: pairs(queue.returns.flat()),
      waitingDead: pairs(queue.dead.flat()),
      keys: queue.keys?.count,
    }
  }

  /** Sequence numbers that are with nobody yet, and those that are with clients. */
  live(queue: Queue): number[] {
    const seqs: number[] = []
    queue.eachRun((first, count) => seqs.push(...Array.from({ length: count }, (_, at) => first + at)))
    for (const connection of this.world.broker.connections.values()) {
      for (const channel of connection.channels.values()) {
        channel.unacked.each((holder, seq) => {
          if (holder === queue) seqs.push(seq)
        })
      }
    }
    return seqs.sort((a, b) => a - b)
  }

  /** Takes every message in the order of delivery; answers their sequence numbers. */
  drain(queue: Queue): number[] {
    const seqs: number[] = []
    while (queue.ready.peek()) {
      seqs.push(queue.ready.seq)
      queue.ready.shift()
    }
    return seqs
  }

  /** In the queue's own order: LSN at which the segment begins, offset, size with flags. Handles are the node's own. */
  #positions({ ready }: Queue): string[] {
    const found: string[] = []
    const { segments } = this.world.broker
    ready.each(() => found.push(`${ready.seq}: ${segments.get(ready.segment).baseLsn}+${ready.offset}, ${ready.sized}`))
    return found
  }

  #turn(): boolean {
    const busy = [...this.#disks.values()].filter(disk => disk.pending > 0)
    for (const disk of busy) disk.run()
    return busy.length > 0
  }
}

/** seq, value, seq, value, … as pairs, rising. */
function pairs(flat: readonly number[]): [seq: number, value: number][] {
  const found = Array.from({ length: flat.length / 2 }, (_, at): [number, number] => [flat[2 * at]!, flat[2 * at + 1]!])
  return found.sort(([a], [b]) => a - b)
}

interface FoundSegment {
  name: string
  header: SegmentHeader
}

function segmentsOf(disk: MemoryDisk): FoundSegment[] {
  const found: FoundSegment[] = []
  const afterLsn = checkpointLsn(disk)
  for (const name of disk.list().filter(each => segmentFileNumber(each) !== null)) {
    const header = readSegmentHeader(disk.contentOf(name), name)
    if (header !== null && lsnAt(disk, { name, header }, Number.POSITIVE_INFINITY).lsn > afterLsn) {
      found.push({ name, header })
    }
  }
  return found.sort((a, b) => a.header.baseLsn - b.header.baseLsn)
}

/** LSN of the last entry that the checkpoint includes. */
export function checkpointLsn(disk: MemoryDisk): number {
  if (!disk.list().includes(CHECKPOINT_FILE)) return 0
  return decodeCheckpoint(disk.contentOf(CHECKPOINT_FILE), CHECKPOINT_FILE).lsn
}

/** Where a segment's batches reach that end at or before `lsnMax`. */
function lsnAt(disk: MemoryDisk, { name, header }: FoundSegment, lsnMax: number): { lsn: number; at: number } {
  const bytes = disk.contentOf(name)
  let at = SEGMENT_HEADER_BYTES
  let lsn = header.baseLsn - 1
  for (let length = batchLength(bytes, at, bytes.length); length > 0; length = batchLength(bytes, at, bytes.length)) {
    const last = firstLsnAt(bytes, at) + entriesAt(bytes, at) - 1
    if (last > lsnMax) break
    lsn = last
    at += length
  }
  return { lsn, at }
}

/** LSNs at which batches end that the checkpoint does not include. */
export function batchEnds(disk: MemoryDisk): number[] {
  const ends = new Set<number>()
  const afterLsn = checkpointLsn(disk)
  for (const segment of segmentsOf(disk)) {
    let { lsn } = lsnAt(disk, segment, segment.header.baseLsn - 1)
    for (;;) {
      const next = nextEnd(disk, segment, lsn)
      if (next === lsn) break
      lsn = next
      if (lsn > afterLsn) ends.add(lsn)
    }
  }
  return [...ends]
}

function nextEnd(disk: MemoryDisk, segment: FoundSegment, afterLsn: number): number {
  const bytes = disk.contentOf(segment.name)
  const { at } = lsnAt(disk, segment, afterLsn)
  const isThere = batchLength(bytes, at, bytes.length) > 0
  return isThere ? firstLsnAt(bytes, at) + entriesAt(bytes, at) - 1 : afterLsn
}

/** The log as it was when `lsn` was its last entry. */
export function cutAt(disk: MemoryDisk, lsn: number): MemoryDisk {
  const cut = disk.copy()
  for (const segment of segmentsOf(disk)) {
    const { at } = lsnAt(disk, segment, lsn)
    cut.contentOf(segment.name).fill(0, segment.header.baseLsn > lsn ? 0 : at)
  }
  return cut
}

/** The same files under other numbers: what a file is called means nothing. */
export function renumbered(disk: MemoryDisk): MemoryDisk {
  const other = disk.copy()
  const names = other.list().filter(name => segmentFileNumber(name) !== null)
  for (const [i, name] of names.entries()) {
    other.rename(name, `segment-${String(9_000 - i).padStart(8, '0')}`, () => {})
  }
  other.run()
  return other
}
