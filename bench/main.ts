/** `make bench`: measures Warren against RabbitMQ 3.10 (and a ceiling program) in one run, and writes RESULTS.md. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { casesFor } from './cases.ts'
import { type DiskRates, diskRates } from './disk.ts'
import { keepCompiled, type PeerName } from './peers.ts'
import { installRabbit } from './rabbitmq.ts'
import { costTable, outcome, table } from './report.ts'
import { measure, type Plan, type Results } from './turns.ts'

const HELP = `Usage: make bench BENCH="[options]"    or    node bench/main.ts [options]

  --cases A,B      only these: ${casesFor(1)
    .map(each => each.name)
    .join(', ')}
  --turns N        turns of each broker (default 3 for headlines, 1 for the rest: all within 20 minutes)
  --seconds N      measured time of a turn (default 4)
  --ceiling FILE   a third program, started as DIR=<empty> PORT=n node FILE
  --peers A,B      which of warren, rabbitmq, ceiling (default: all there are)
  --directory DIR  where data folders go, the same disk for all (default: the system's temporary folder)
  --out FILE       where the results go (default bench/RESULTS.md for all cases, else none; - for none)
`

const RESULTS = fileURLToPath(new URL('RESULTS.md', import.meta.url))

/** What a shell reports for an end by SIGINT. */
const ABORTED = 130

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    cases: { type: 'string' },
    turns: { type: 'string' },
    seconds: { type: 'string', default: '4' },
    ceiling: { type: 'string' },
    peers: { type: 'string' },
    directory: { type: 'string', default: os.tmpdir() },
    out: { type: 'string' },
  },
})

if (values.help) process.stdout.write(HELP)
else process.exitCode = await bench()

/**
 * The exit status: 0 when every peer gave every figure, whether or not the goals were reached. Stopped early, it prints
 * the cases that are done, and writes no file.
 */
async function bench(): Promise<number> {
  const plan = planned()
  if (plan.peers.includes('rabbitmq')) installRabbit()
  const aborted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => aborted.abort())
  const load = os.loadavg()[0]!
  const before = performance.now()
  const disk = await diskRates(plan.options.directory)
  const results = await withCompiledCode(plan, compiled => measure(compiled, aborted.signal))
  const text = document(plan, results, { load, disk, minutes: (performance.now() - before) / 60_000 })
  process.stdout.write(`${text}\n`)
  if (aborted.signal.aborted) return ABORTED
  const out = values.out ?? (values.cases === undefined ? RESULTS : '-')
  if (out !== '-') writeFileSync(out, text)
  return results.failures.length === 0 ? 0 : 1
}

/** Starts are those of a broker that keeps its compiled code, as images and local mode do. */
async function withCompiledCode(plan: Plan, run: (plan: Plan) => Promise<Results>): Promise<Results> {
  const compiled = mkdtempSync(path.join(plan.options.directory, 'warren-bench-compiled-'))
  try {
    keepCompiled(compiled)
    return await run({ ...plan, options: { ...plan.options, compiled } })
  } finally {
    rmSync(compiled, { recursive: true, force: true })
  }
}

function planned(): Plan {
  const all = casesFor(positive('seconds', values.seconds))
  const chosen = values.cases?.split(',') ?? all.map(each => each.name)
  const unknown = chosen.filter(name => !all.some(each => each.name === name))
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')} (see --help)`)
  const ceiling = values.ceiling === undefined ? undefined : path.resolve(values.ceiling)
  if (ceiling !== undefined && !existsSync(ceiling)) throw new Error(`--ceiling: no file ${ceiling}`)
  const known: PeerName[] = ceiling === undefined ? ['warren', 'rabbitmq'] : ['warren', 'rabbitmq', 'ceiling']
  return {
    cases: all.filter(each => chosen.includes(each.name)),
    peers: known.filter(name => values.peers?.split(',').includes(name) ?? true),
    turns: values.turns === undefined ? undefined : positive('turns', values.turns),
    options: { directory: values.directory, ceiling },
    say: line => process.stderr.write(`${line}\n`),
  }
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} takes a whole number from 1, not ${text}`)
  return value
}

/** `load` is what the machine did besides, before we began: figures from a busy machine favour the faster broker. */
type Run = { readonly load: number; readonly disk: DiskRates; readonly minutes: number }

function document(plan: Plan, results: Results, { load, disk, minutes }: Run): string {
  const withCeiling = plan.peers.includes('ceiling')
  const cores = os.availableParallelism()
  const gigabytes = Math.round(os.totalmem() / 2 ** 30)
  const below = results.measured.filter(each => outcome(each) === 'not reached').map(each => each.row.label)
  const failures = results.failures.map(line => `- failed: ${line}`)
  return [
    '# Warren and RabbitMQ 3.10, measured in one run',
    '',
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, \`${commandLine()}\``,
    `Machine: ${cores} cores (${os.cpus()[0]?.model.trim()}), ${gigabytes} GiB of memory, Node ${process.version}.`,
    `Load average before the run: ${load.toFixed(2)}. It took ${minutes.toFixed(1)} minutes.`,
    '',
    'Medians, with the lowest and highest in brackets where a broker had several turns; brokers take turns, one runs at a',
    'time, on an empty data folder on the same disk. The load generator (`bench/load.ts`, raw sockets, no client library) has one',
    'core of the same machine and checks that every message arrives once and in order. A message counts when it is',
    'delivered; where nothing else is said its body has 16 bytes, up to 16,384 may be on their way (not delivered, or not',
    'confirmed), and prefetch is 4,096. Latency is from write to parse. `bench/cases.ts` has each case in full.',
    '',
    table(results.measured, withCeiling),
    '',
    below.length === 0 ? 'Every goal with a figure is reached.' : `Not reached: ${below.join('; ')}.`,
    ...failures,
    '',
    ...diskLines(disk),
    '',
    'Starts are on compiled code that is kept, as images keep it, but for the row that says otherwise. What starts with ten',
    'million messages take is measured by `bench/recovery.ts`, room on disk by `bench/space.ts` (`bench/SPACE.md`).',
    '',
    '## What a message costs the broker',
    '',
    'Processor time of all threads and processes of the broker for each message (delivery) of the cases above, in',
    'microseconds, and what the generator took of its core (Warren / RabbitMQ): near 100 it is the limit, and the broker',
    'would do more.',
    '',
    costTable(results.costs),
    '',
  ].join('\n')
}

/** Why declares that wait are as slow as they are. */
function diskLines({ blocking, evented }: DiskRates): string[] {
  const number = (rate: number) => Math.round(rate).toLocaleString('en-US')
  return [
    'A declare that waits for its answer is one write and one `fdatasync`, and the answer leaves when that is done. Before',
    `the run this disk did ${number(blocking)} of these a second one after the other, by a process that did nothing else and`,
    `waited for each, and ${number(evented)} from an event loop, which does not stop meanwhile. Its round trip comes on top:`,
    'the row of a queue that is there. Both times together are what a declare takes at least where an answer means that the',
    'queue is on disk.',
  ]
}

/** The command as typed, with the folder of the ceiling program left out: it names a machine, not a measurement. */
function commandLine(): string {
  const args = process.argv.slice(2).map(arg => (path.isAbsolute(arg) ? path.basename(arg) : arg))
  return ['node bench/main.ts', ...args].join(' ')
}
