/**
 * How fast the shard log alone is: appends a second for small and larger messages, with a commit every turn and a
 * bounded number of bytes that are not stable.
 * `node bench/micro/log.ts [folder on the disk to measure]`
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { SEGMENT_BYTES, SEGMENTS_RESIDENT_MAX } from '../../broker-image/src/limits.ts'
import { encodeQueueStates } from '../../broker-image/src/log/checkpoint.ts'
import { fileDisk } from '../../broker-image/src/log/file-disk.ts'
import type { EnqueueHeader } from '../../broker-image/src/log/record.ts'
import { type LogOptions, openTransientLog, recover } from '../../broker-image/src/log/recovery.ts'
import type { Replay } from '../../broker-image/src/log/replay.ts'
import { SegmentTable } from '../../broker-image/src/log/segment.ts'
import type { ShardLog } from '../../broker-image/src/log/shard-log.ts'

const TURN_MESSAGES = 1_000
const RUNS = 3
/** What publishers that wait for confirms have on the way. */
const UNSTABLE_BYTES_MAX = 4_194_304
/** Exchange, routing key, bits, frame end, header frame and the framing of the body. */
const WIRE_OVERHEAD_BYTES = 60

interface Load {
  name: string
  durable: boolean
  bodyBytes: number
  messages: number
}

const LOADS: Load[] = [
  { name: 'memory, 16 B bodies', durable: false, bodyBytes: 16, messages: 10_000_000 },
  { name: 'memory, 1 KiB bodies', durable: false, bodyBytes: 1_024, messages: 2_000_000 },
  { name: 'disk, 16 B bodies', durable: true, bodyBytes: 16, messages: 5_000_000 },
  { name: 'disk, 1 KiB bodies', durable: true, bodyBytes: 1_024, messages: 1_000_000 },
]

const silent: Replay = {
  queue: () => {},
  enqueue: () => true,
  settle: () => {},
  returned: () => {},
  purge: () => {},
  queueDeleted: () => {},
  definition: () => {},
  snapshot: () => {},
}

function open(directory: string, durable: boolean): ShardLog {
  const segments = new SegmentTable({
    segmentBytes: SEGMENT_BYTES,
    residentBytesMax: SEGMENT_BYTES * SEGMENTS_RESIDENT_MAX,
  })
  const options: LogOptions = { shardId: 1, segments, now: Date.now, newIdentity: () => 1 }
  const disk = fileDisk(directory)
  const log = durable ? recover(disk, options, silent) : openTransientLog(disk, options)
  log.checkpointSource = () => encodeQueueStates([])
  log.onError = error => {
    throw error
  }
  return log
}

interface Result {
  /** Until everything was stable. */
  perSecond: number
  appendNs: number
  syncs: number
}

/** Every message is settled in the turn that appends it, as with a fast consumer: one settle entry a turn. */
async function run(load: Load): Promise<Result> {
  const directory = fs.mkdtempSync(path.join(process.argv[2] ?? os.tmpdir(), 'warren-bench-log-'))
  const log = open(directory, load.durable)
  const header: EnqueueHeader = {
    flags: 1,
    keyLength: 12,
    bodyBytes: 0,
    targetCount: 1,
    queueIds: Uint32Array.of(1),
    seqs: new Float64Array(1),
    expiresAtMs: new Float64Array(1),
  }
  const source = Buffer.alloc(WIRE_OVERHEAD_BYTES + load.bodyBytes, 7)
  let appendNs = 0n
  const handles: number[] = new Array(TURN_MESSAGES).fill(0)
  const started = process.hrtime.bigint()
  for (let sent = 0; sent < load.messages; sent += TURN_MESSAGES) {
    const from = process.hrtime.bigint()
    for (let i = 0; i < TURN_MESSAGES; i++) {
      header.seqs[0] = sent + i
      log.appendEnqueue(header, source, 0, source.length)
      handles[i] = log.segment
    }
    appendNs += process.hrtime.bigint() - from
    for (const handle of handles) log.segments.release(handle, 1, 0)
    if (load.durable) log.appendSettle(1, sent, TURN_MESSAGES, 0)
    log.commit()
    do await new Promise(setImmediate)
    while (log.unstableBytes > UNSTABLE_BYTES_MAX)
  }
  const last = log.isGathering ? log.batch : log.batch - 1
  log.commit()
  while (log.durable && log.stableBatch < last) await new Promise(setImmediate)
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  await new Promise<void>((resolve, reject) => log.close(error => (error ? reject(error) : resolve())))
  fs.rmSync(directory, { recursive: true })
  return {
    perSecond: load.messages / seconds,
    appendNs: Number(appendNs) / load.messages,
    syncs: load.durable ? log.stableBatch : 0,
  }
}

for (const load of LOADS) {
  const results: Result[] = []
  for (let i = 0; i < RUNS; i++) results.push(await run(load))
  results.sort((a, b) => a.perSecond - b.perSecond)
  const { perSecond, appendNs, syncs } = results[Math.floor(RUNS / 2)]!
  const speed = `${(perSecond / 1e6).toFixed(2)} M messages/s`
  const volume = `${((perSecond * (load.bodyBytes + WIRE_OVERHEAD_BYTES)) / 1e6).toFixed(0)} MB/s`
  console.log(`${load.name.padEnd(22)} ${speed}, ${volume}, ${appendNs.toFixed(0)} ns an append, ${syncs} syncs`)
}
