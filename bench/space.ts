/**
 * `node bench/space.ts`: the disk that messages take which nobody acknowledges, beside traffic that comes and goes.
 * Prints what the log takes, lives and wrote; ends with 1 when at rest, running or stopped, it takes more than twice what
 * lives and two segments, beside the small files that are ready for a full disk.
 */
import { once } from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LOG_TIDY_MS, SEGMENT_BYTES, SEGMENTS_SMALL_AHEAD } from '../broker-image/src/limits.ts'
import { readSegmentHeader, SEGMENT_HEADER_BYTES } from '../broker-image/src/log/batch.ts'
import { CHECKPOINT_FILE, decodeCheckpoint } from '../broker-image/src/log/checkpoint.ts'
import { smallSegmentBytes } from '../broker-image/src/log/segment-files.ts'
import { freePort, type Program, processorMs, start } from './processes.ts'
import { AmqpSocket, type Sink } from './socket.ts'
import {
  consumeFrame,
  declareFrame,
  Method,
  methodFrame,
  passiveDeclareFrame,
  publishBytes,
  read32,
  uint32,
  write32,
} from './wire.ts'

const HELP = `Usage: node bench/space.ts [options]

  --messages N     messages (default 1000000)
  --directory DIR  where the data folder goes (default: the system's temporary folder)
`

const MAIN = fileURLToPath(new URL('../broker-image/src/main.ts', import.meta.url))
const WINDOW = 16_384
const BLOCK_MESSAGES = 1_000
/** After so many messages the same sizes are kept again. */
const PERIOD = 10_000
/** One message in so many is never acknowledged: in turn it waits in a queue without consumers, or with its consumer. */
const KEPT_ONE_IN = 100
const KEPT_LANE = 1
const QUEUES = { kept: 'slow', busy: 'busy' } as const
/** What an entry of the log has beside its wire form: its header and one target; and the wire form beside keys and frames. */
const ENTRY_BYTES = 24 + 4
const SAMPLE_MS = 250
/** At rest nothing changed for several looks of the broker after its log. */
const REST_MS = 4 * LOG_TIDY_MS

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    messages: { type: 'string', default: '1000000' },
    directory: { type: 'string', default: os.tmpdir() },
  },
})

interface Running {
  readonly program: Program
  readonly port: number
  /** Bytes that the cleaner appended, and segments that it cleaned. */
  readonly cleaned: { movedBytes: number; segments: number }
}

interface Space {
  /** Bytes of all files of the log. */
  readonly total: number
  /** Of those, segments that a start would read. */
  readonly needed: number
}

if (values.help) process.stdout.write(HELP)
else process.exitCode = await bench(Math.ceil(Number(values.messages) / PERIOD) * PERIOD)

async function bench(messages: number): Promise<number> {
  const data = mkdtempSync(path.join(values.directory, 'warren-space-'))
  try {
    const load = loadOf()
    const first = await run(data)
    let most: Space = { total: 0, needed: 0 }
    const sampler = setInterval(() => {
      const { total, needed } = spaceOf(data)
      most = { total: Math.max(most.total, total), needed: Math.max(most.needed, needed) }
    }, SAMPLE_MS)
    const from = performance.now()
    await play(first.port, messages, load)
    const seconds = (performance.now() - from) / 1_000
    clearInterval(sampler)
    const rest = await atRest(data)
    const cpuMs = processorMs(first.program.child.pid!)
    await end(first)
    const stopped = spaceOf(data)
    await requireKept(data, messages / KEPT_ONE_IN)
    const rounds = messages / PERIOD
    const facts = { messages, seconds, cpuMs, most, rest, stopped, live: load.liveBytes * rounds }
    return report({ ...facts, published: load.bytes * rounds, cleaned: first.cleaned })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

interface Load {
  /** Publishes of one period. */
  readonly blocks: Buffer[]
  /** Bytes that their entries have in the log, and those of them that are never acknowledged. */
  readonly bytes: number
  readonly liveBytes: number
}

function sizeOf(index: number): number {
  const kind = index % 20
  if (kind === 19) return 8_192
  return kind < 10 ? 16 : 1_024
}

function loadOf(): Load {
  const blocks: Buffer[] = []
  let bytes = 0
  let liveBytes = 0
  for (let from = 0; from < PERIOD; from += BLOCK_MESSAGES) {
    const parts: Buffer[] = []
    for (let index = from; index < from + BLOCK_MESSAGES; index++) {
      const hundred = Math.floor(index / KEPT_ONE_IN)
      const isKept = index % KEPT_ONE_IN === hundred % KEPT_ONE_IN
      const key = isKept && hundred % 2 === 0 ? QUEUES.kept : QUEUES.busy
      const built = publishBytes({ exchange: '', key, bodyBytes: sizeOf(index), persistent: true })
      write32(built.bytes, built.bodyAt + 4, isKept ? KEPT_LANE : 0)
      parts.push(built.bytes)
      const entry = ENTRY_BYTES + key.length + built.bytes.length - (read32(built.bytes, 3) + 8)
      bytes += entry
      if (isKept) liveBytes += entry
    }
    blocks.push(Buffer.concat(parts))
  }
  return { blocks, bytes, liveBytes }
}

/** Publishes everything with confirms, and acknowledges what is not kept one by one. */
async function play(port: number, messages: number, { blocks }: Load): Promise<void> {
  let confirmed = 0
  let delivered = 0
  let sent = 0
  let tag = 0
  let acks: Buffer[] = []
  let wake: () => void = () => {}
  let fail: (error: Error) => void = () => {}
  const publisher = new AmqpSocket(
    port,
    quietSink({
      confirm: (last, multiple) => {
        confirmed = multiple ? last : Math.max(confirmed, last)
      },
      endOfRead: () => wake(),
    }),
    error => fail(error),
  )
  const consumer = new AmqpSocket(
    port,
    quietSink({
      delivery: last => {
        tag = last
      },
      body: (bytes, from) => {
        delivered++
        if (read32(bytes, from + 4) !== KEPT_LANE)
          acks.push(methodFrame(1, Method.basicAck, uint32(0), uint32(tag), Buffer.of(0)))
      },
      endOfRead: () => {
        if (acks.length > 0) consumer.socket.write(Buffer.concat(acks))
        acks = []
        wake()
      },
    }),
    error => fail(error),
  )
  await publisher.open()
  await consumer.open()
  for (const name of Object.values(QUEUES)) await publisher.call(declareFrame(name, true), Method.queueDeclareOk)
  await publisher.call(methodFrame(1, Method.confirmSelect, Buffer.of(0)), Method.confirmSelectOk)
  await consumer.call(consumeFrame(QUEUES.busy, false), Method.basicConsumeOk)
  const deliveries = messages - messages / KEPT_ONE_IN / 2
  while (confirmed < messages || delivered < deliveries) {
    while (sent < messages && sent - confirmed < WINDOW) {
      publisher.socket.write(blocks[(sent / BLOCK_MESSAGES) % blocks.length]!)
      sent += BLOCK_MESSAGES
    }
    await new Promise<void>((resolve, reject) => {
      wake = resolve
      fail = reject
    })
  }
  publisher.drop()
  // The kept deliveries stay with this consumer until the end.
  consumer.socket.unref()
}

function quietSink(heard: Partial<Sink>): Sink {
  const quiet = (): void => {}
  return { delivery: quiet, body: quiet, confirm: quiet, endOfRead: quiet, ...heard }
}

/** The space once it does not change any more. */
async function atRest(data: string): Promise<Space> {
  let space = spaceOf(data)
  for (let equal = 0; equal * SAMPLE_MS < REST_MS; ) {
    await delay(SAMPLE_MS)
    const next = spaceOf(data)
    equal = next.total === space.total && next.needed === space.needed ? equal + 1 : 0
    space = next
  }
  return space
}

/** What the files of the message log take; those that come and go meanwhile count as they are found. */
function spaceOf(data: string): Space {
  const folder = path.join(data, 'queues')
  const checkpoint = checkpointIn(folder)
  const named = new Set(checkpoint?.segments.map(({ baseLsn }) => baseLsn))
  let total = 0
  let needed = 0
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name)
    const bytes = sizeIn(file)
    total += bytes
    const baseLsn = name.startsWith('segment-') && bytes > 0 ? baseLsnIn(file) : null
    if (baseLsn !== null && (baseLsn > (checkpoint?.lsn ?? 0) || named.has(baseLsn))) needed += bytes
  }
  return { total, needed }
}

function checkpointIn(folder: string) {
  try {
    return decodeCheckpoint(readFileSync(path.join(folder, CHECKPOINT_FILE)), CHECKPOINT_FILE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function sizeIn(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function baseLsnIn(file: string): number | null {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  const handle = openSync(file, 'r')
  readSync(handle, header, 0, header.length, 0)
  closeSync(handle)
  return readSegmentHeader(header, file)?.baseLsn ?? null
}

async function run(data: string): Promise<Running> {
  const port = await freePort()
  const config = path.join(data, 'rabbitmq.conf')
  writeFileSync(config, 'log.console.level = debug\n')
  const ports = ['--amqp-port', `${port}`, '--management-port', `${await freePort()}`]
  const program = start(process.execPath, [MAIN, '--data-dir', data, '--config', config, ...ports], {})
  const cleaned = { movedBytes: 0, segments: 0 }
  createInterface({ input: program.child.stdout! }).on('line', line => {
    if (!line.includes('segment was cleaned')) return
    cleaned.movedBytes = Number(/"movedBytes":(\d+)/.exec(line)?.[1])
    cleaned.segments++
  })
  while (!program.output().includes('"ready"')) {
    const { exitCode, signalCode } = program.child
    if (exitCode !== null || signalCode !== null) throw new Error(`the broker ended:\n${program.output()}`)
    await Promise.race([once(program.child.stdout!, 'data'), once(program.child, 'exit')])
  }
  return { program, port, cleaned }
}

async function end({ program }: Running): Promise<void> {
  const ended = once(program.child, 'exit')
  program.child.kill('SIGTERM')
  await ended
}

/** After a start all that was not acknowledged is there, and nothing else. */
async function requireKept(data: string, kept: number): Promise<void> {
  const running = await run(data)
  const socket = new AmqpSocket(running.port, quietSink({}), () => {})
  await socket.open()
  let count = 0
  for (const name of Object.values(QUEUES)) {
    const { args } = await socket.call(passiveDeclareFrame(name), Method.queueDeclareOk)
    count += read32(args, 1 + args[0]!)
  }
  await socket.close()
  await end(running)
  if (count !== kept) throw new Error(`${count} messages are there of ${kept}`)
}

interface Facts {
  messages: number
  seconds: number
  cpuMs: number
  most: Space
  rest: Space
  stopped: Space
  live: number
  published: number
  cleaned: Running['cleaned']
}

function report(facts: Facts): number {
  const { messages, seconds, cpuMs, most, rest, stopped, live, published, cleaned } = facts
  const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(1)
  const bound = 2 * live + 2 * SEGMENT_BYTES
  const filesBound = bound + SEGMENTS_SMALL_AHEAD * smallSegmentBytes(SEGMENT_BYTES)
  const written = (published + cleaned.movedBytes) / published
  const rows = [
    ['messages, and how many of them are never acknowledged', `${messages}, ${messages / KEPT_ONE_IN}`],
    ['MiB published, and alive at the end', `${mib(published)}, ${mib(live)}`],
    ['bound: 2 × live + 2 segments, MiB', mib(bound)],
    ['bound of all files: with the small ones, MiB', mib(filesBound)],
    ['MiB of segments that are needed, stopped', mib(stopped.needed)],
    ['the same at rest, and at most under load', `${mib(rest.needed)}, ${mib(most.needed)}`],
    ['MiB of all files at rest, and at most', `${mib(rest.total)}, ${mib(most.total)}`],
    ['segments cleaned, and MiB appended again', `${cleaned.segments}, ${mib(cleaned.movedBytes)}`],
    ['bytes written / bytes published', written.toFixed(3)],
    ['seconds, and µs of processor a message', `${seconds.toFixed(1)}, ${((cpuMs * 1_000) / messages).toFixed(2)}`],
  ]
  process.stdout.write(`| figure | |\n|---|---|\n${rows.map(([name, value]) => `| ${name} | ${value} |\n`).join('')}`)
  return stopped.needed <= bound && rest.total <= filesBound && written <= 2 ? 0 : 1
}
