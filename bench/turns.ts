/** Runs the cases: in turns over the peers, one fresh broker at a time, each turn a generator process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import os from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Case } from './cases.ts'
import type { Figures } from './measuring.ts'
import { type Peer, type PeerName, type PeerOptions, startPeer } from './peers.ts'
import { residentBytes } from './processes.ts'
import type { Cost, Measured } from './report.ts'
import { type Load, usesTls } from './scenarios.ts'

const LOAD_MAIN = fileURLToPath(new URL('load.ts', import.meta.url))
const TASKSET = '/usr/bin/taskset'
const LOAD_MS = 300_000
/** Memory is read when a broker had this time to come to rest. */
const REST_MS = 3000

export type Plan = {
  readonly cases: readonly Case[]
  readonly peers: readonly PeerName[]
  /** Of each case; its own number when left out. */
  readonly turns: number | undefined
  readonly options: PeerOptions
  readonly say: (line: string) => void
}

export type Results = { readonly measured: Measured[]; readonly costs: Cost[]; readonly failures: string[] }

/**
 * Measures everything; `abort` ends it after the broker that runs is stopped, with the cases that are done by then.
 * A peer that fails leaves no figure.
 */
export async function measure(plan: Plan, abort: AbortSignal): Promise<Results> {
  const results: Results = { measured: [], costs: [], failures: [] }
  for (const each of plan.cases) {
    const byPeer = await turnsOf(each, plan, { abort, failures: results.failures })
    if (abort.aborted) return results
    const values = (figure: string) =>
      new Map([...byPeer].map(([name, all]) => [name, all.map(figures => figures[figure]!)]))
    for (const row of each.rows) results.measured.push({ row, values: values(row.figure) })
    if ([...byPeer.values()].some(all => all.some(figures => 'brokerMicros' in figures))) {
      const label = each.rows[0]!.label
      results.costs.push({ label, micros: values('brokerMicros'), generator: values('generatorPercent') })
    }
  }
  return results
}

/** The figures of each peer that gave some; failures are added to those given. */
async function turnsOf(
  each: Case,
  plan: Plan,
  { abort, failures }: { abort: AbortSignal; failures: string[] },
): Promise<Map<PeerName, Figures[]>> {
  const byPeer = new Map<PeerName, Figures[]>()
  const turns = plan.turns ?? each.turns
  for (let at = 1; at <= turns; at++) {
    for (const name of plan.peers.filter(name => each.peers.includes(name))) {
      if (abort.aborted) return byPeer
      const title = `${each.name} ${at}/${turns} ${name}`
      try {
        const figures = await turn(name, each, plan.options, abort)
        byPeer.set(name, [...(byPeer.get(name) ?? []), figures])
        plan.say(`${title}: ${short(figures)}`)
      } catch (error) {
        failures.push(`${title}: ${abort.aborted ? 'stopped' : message(error)}`)
        plan.say(failures.at(-1)!)
      }
    }
  }
  return byPeer
}

async function turn(name: PeerName, each: Case, options: PeerOptions, signal: AbortSignal): Promise<Figures> {
  const { compiled, ...common } = options
  const code = compiled === undefined || each.compiles ? {} : { compiled }
  const peer = await startPeer(name, { ...common, ...code, tls: usesTls(each.load), settings: each.settings ?? [] })
  try {
    if (each.rests) await delay(REST_MS)
    const atRest = [residentBytes(peer.pid)]
    const rest = async () => {
      await delay(REST_MS)
      atRest.push(residentBytes(peer.pid))
    }
    const figures = await generate(peer, each.load, { signal, rest })
    return { ...figures, startMs: peer.startMs, ...(each.rests ? memory(atRest, figures['count']!) : {}) }
  } finally {
    await peer.stop()
  }
}

/** Of the broker at rest: with all that the load left in it, and by how much each part of that made it grow. */
function memory(atRest: readonly number[], count: number): Figures {
  const [before, held] = [atRest.at(-2)!, atRest.at(-1)!]
  return { residentMib: held / 2 ** 20, residentEach: (held - before) / count }
}

type Context = { readonly signal: AbortSignal; readonly rest: () => Promise<void> }

/** Runs the load; `rest` is awaited each time that the generator holds still for it. */
async function generate(peer: Peer, load: Load, { signal, rest }: Context): Promise<Figures> {
  const args = [LOAD_MAIN, `${usesTls(load) ? peer.tlsPort : peer.port}`, `${peer.pid}`, JSON.stringify(load)]
  const [command, ...before] = [...pinned(), process.execPath]
  const child = spawn(command!, [...before, ...args], { timeout: LOAD_MS, signal, stdio: 'pipe' })
  const ended = once(child, 'close')
  // It is awaited below; until then a generator that is aborted must not end the benchmark.
  ended.catch(() => {})
  let errors = ''
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  let last = ''
  for await (const line of createInterface(child.stdout)) {
    last = line
    if (line !== 'rest') continue
    await rest()
    child.stdin.write('\n')
  }
  const [code] = await ended
  if (code !== 0) throw new Error(errors || `the generator ended with ${code}`)
  return JSON.parse(last) as Figures
}

/** The generator has the last core: it must not wander, and its figures must not depend on where it wanders to. */
function pinned(): string[] {
  const cores = os.availableParallelism()
  return cores > 1 && existsSync(TASKSET) ? [TASKSET, '--cpu-list', `${cores - 1}`] : []
}

function short(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)}`)
    .join(', ')
}

/** The line of an uncaught error that says what is wrong. */
function message(error: unknown): string {
  const lines = String(error).split('\n')
  return lines.findLast(line => /^\w*Error: /.test(line)) ?? lines.join(' ')
}
