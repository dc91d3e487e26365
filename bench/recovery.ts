/**
 * `node bench/recovery.ts`: how long Warren takes from exec to ready, with an empty folder and with millions of waiting
 * messages, after a kill and after a clean stop. Prints a table; ends with 1 when a message is missing or a goal missed.
 */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort, type Program, start } from './processes.ts'
import { AmqpSocket } from './socket.ts'
import { declareFrame, Method, methodFrame, passiveDeclareFrame, publishBytes, read32 } from './wire.ts'

const HELP = `Usage: node bench/recovery.ts [options]

  --messages N     messages that wait (default 10000000)
  --queues A,B     numbers of queues that they wait in, one measurement each (default 1,1000)
  --bytes N        bytes of a body (default 16)
  --starts N       starts of each kind; the best counts, the machine may be busy (default 3)
  --directory DIR  where the data folder goes (default: the system's temporary folder)
`

const MAIN = fileURLToPath(new URL('../broker-image/src/main.ts', import.meta.url))
const WINDOW = 200_000
const BLOCK_MESSAGES = 1_000
/** Goals of the broker: seconds to recover, seconds to start with nothing, and memory with everything waiting. */
const GOAL = { recoveryS: 5, emptyS: 0.5, memoryMib: 512 }

type Running = { readonly program: Program; readonly port: number; readonly seconds: number }

type Row = {
  readonly what: string
  readonly seconds: number
  readonly cpuSeconds: number
  readonly memoryMib: number
  readonly peakMib: number
  readonly goalS: number
}

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    messages: { type: 'string', default: '10000000' },
    queues: { type: 'string', default: '1,1000' },
    bytes: { type: 'string', default: '16' },
    starts: { type: 'string', default: '3' },
    directory: { type: 'string', default: os.tmpdir() },
  },
})

if (values.help) process.stdout.write(HELP)
else process.exitCode = await bench()

/** Where the broker's settings and its compiled code are, the latter as in the image and with `warren-broker`. */
type Surroundings = { readonly config: string; readonly cache: string }

async function bench(): Promise<number> {
  return await inFolder(async work => {
    const around = { config: path.join(work, 'rabbitmq.conf'), cache: path.join(work, 'compiled') }
    writeFileSync(around.config, `vm_memory_high_watermark.absolute = ${GOAL.memoryMib}MiB\n`)
    return await benchIn(around)
  })
}

/** Node writes compiled code at an orderly end, so that the first start of all has none. */
async function benchIn(around: Surroundings): Promise<number> {
  const empty = { around, starts: 1, goalS: GOAL.emptyS, end: 'SIGTERM' } as const
  const rows = [await inFolder(data => best('an empty folder, nothing compiled yet', data, empty))]
  const starts = Number(values.starts)
  rows.push(await inFolder(data => best('an empty folder', data, { ...empty, starts })))
  for (const queues of values.queues.split(',').map(Number)) {
    rows.push(...(await inFolder(data => withMessages(data, queues, around))))
  }
  process.stdout.write(`${table(rows)}\n`)
  return rows.every(isReached) ? 0 : 1
}

async function inFolder<T>(measure: (data: string) => Promise<T>): Promise<T> {
  const data = mkdtempSync(path.join(values.directory, 'warren-recovery-'))
  try {
    return await measure(data)
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

async function withMessages(data: string, queues: number, around: Surroundings): Promise<Row[]> {
  const messages = Number(values.messages)
  const what = `${messages} messages in ${queues === 1 ? 'one queue' : `${queues} queues`}`
  const how = { around, starts: Number(values.starts), goalS: GOAL.recoveryS } as const
  const first = await run(data, around)
  await fill(first.port, { messages, queues })
  const filled = { what: `(after ${what} came)`, seconds: 0, ...spent(first.program), goalS: GOAL.recoveryS }
  await end(first, 'SIGKILL')
  const killed = await best(`${what}, killed`, data, { ...how, end: 'SIGKILL' })
  const again = await run(data, around)
  const found = await counted(again.port, queues)
  if (found !== messages) throw new Error(`${found} messages are there of ${messages}`)
  await end(again, 'SIGTERM')
  return [filled, killed, await best(`${what}, stopped`, data, { ...how, end: 'SIGTERM' })]
}

type How = {
  readonly around: Surroundings
  readonly starts: number
  readonly goalS: number
  readonly end: NodeJS.Signals
}

/** The quickest of some starts. */
async function best(what: string, data: string, { around, starts, goalS, end: signal }: How): Promise<Row> {
  const rows: Row[] = []
  for (let i = 0; i < starts; i++) {
    const running = await run(data, around)
    rows.push({ what, seconds: running.seconds, ...spent(running.program), goalS })
    await end(running, signal)
  }
  return rows.sort((a, b) => a.seconds - b.seconds)[0]!
}

/** Starts a broker; resolves when it says that it is ready. */
async function run(data: string, { config, cache }: Surroundings): Promise<Running> {
  const port = await freePort()
  const ports = ['--amqp-port', `${port}`, '--management-port', `${await freePort()}`]
  const env = { ...process.env, NODE_COMPILE_CACHE: cache }
  const from = performance.now()
  const args = [...process.execArgv, MAIN, '--data-dir', data, '--config', config, ...ports]
  const program = start(process.execPath, args, { env })
  while (!program.output().includes('"ready"')) {
    const { exitCode, signalCode } = program.child
    if (exitCode !== null || signalCode !== null) throw new Error(`the broker ended:\n${program.output()}`)
    await Promise.race([once(program.child.stdout!, 'data'), once(program.child, 'exit')])
  }
  return { program, port, seconds: (performance.now() - from) / 1_000 }
}

async function end({ program }: Running, signal: NodeJS.Signals): Promise<void> {
  const ended = once(program.child, 'exit')
  program.child.kill(signal)
  await ended
}

/** Processor time and memory of a process so far (Linux `/proc`). */
function spent({ child }: Program): { cpuSeconds: number; memoryMib: number; peakMib: number } {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return { cpuSeconds: ticks / 100, memoryMib: kib('VmRSS') / 1_024, peakMib: kib('VmHWM') / 1_024 }
}

async function fill(port: number, { messages, queues }: { messages: number; queues: number }): Promise<void> {
  let confirmed = 0
  let sent = 0
  let wake: () => void = () => {}
  let fail: (error: Error) => void = () => {}
  const confirm = (tag: number, multiple: boolean): void => {
    confirmed = multiple ? tag : Math.max(confirmed, tag)
  }
  const sink = { delivery: () => {}, body: () => {}, confirm, endOfRead: () => wake() }
  const socket = new AmqpSocket(port, sink, error => fail(error))
  await socket.open()
  for (let i = 0; i < queues; i++) await socket.call(declareFrame(nameOf(i), true), Method.queueDeclareOk)
  await socket.call(methodFrame(1, Method.confirmSelect, Buffer.of(0)), Method.confirmSelectOk)
  const blocks = blocksFor(queues)
  while (confirmed < messages) {
    while (sent < messages && sent - confirmed < WINDOW) {
      socket.socket.write(blocks[(sent / BLOCK_MESSAGES) % blocks.length]!)
      sent += BLOCK_MESSAGES
    }
    await new Promise<void>((resolve, reject) => {
      wake = resolve
      fail = reject
    })
  }
  socket.drop()
}

/** Publishes to the queues in turn. */
function blocksFor(queues: number): Buffer[] {
  const shapes = Array.from({ length: Math.min(queues, BLOCK_MESSAGES) }, (_, i) => {
    return publishBytes({ exchange: '', key: nameOf(i), bodyBytes: Number(values.bytes), persistent: true }).bytes
  })
  return [Buffer.concat(Array.from({ length: BLOCK_MESSAGES }, (_, i) => shapes[i % shapes.length]!))]
}

function nameOf(index: number): string {
  return `waiting-${index}`
}

/** Messages in all queues, as the broker counts them. */
async function counted(port: number, queues: number): Promise<number> {
  const quiet = (): void => {}
  const socket = new AmqpSocket(port, { delivery: quiet, body: quiet, confirm: quiet, endOfRead: quiet }, quiet)
  await socket.open()
  let count = 0
  for (let i = 0; i < queues; i++) {
    const { args } = await socket.call(passiveDeclareFrame(nameOf(i)), Method.queueDeclareOk)
    count += read32(args, 1 + args[0]!)
  }
  await socket.close()
  return count
}

function isReached(row: Row): boolean {
  return row.seconds < row.goalS && row.memoryMib <= GOAL.memoryMib
}

function table(rows: readonly Row[]): string {
  const head =
    '| start with | s to ready | goal | s of processor | MiB at ready | MiB at most |  |\n|---|---|---|---|---|---|---|'
  const lines = rows.map(row => {
    const figures = [row.seconds.toFixed(2), `< ${row.goalS}`, row.cpuSeconds.toFixed(2)]
    const memory = [row.memoryMib.toFixed(0), row.peakMib.toFixed(0)]
    return `| ${[row.what, ...figures, ...memory, isReached(row) ? 'reached' : 'not reached'].join(' | ')} |`
  })
  return [head, ...lines].join('\n')
}
