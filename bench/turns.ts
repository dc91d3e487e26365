/** Runs the cases: in turns over the peers, one fresh broker at a time, each turn a generator process of its own. */
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Case, RESIDENT_FIGURE } from './cases.ts'
import { type Peer, type PeerName, type PeerOptions, startPeer } from './peers.ts'
import { residentBytes } from './processes.ts'
import type { Measured } from './report.ts'
import type { Figures, Load } from './scenarios.ts'

const LOAD_MAIN = fileURLToPath(new URL('load.ts', import.meta.url))
const LOAD_MS = 300_000
/** Memory is read when a broker had this time to come to rest. */
const REST_MS = 3000

export type Plan = {
  readonly cases: readonly Case[]
  readonly peers: readonly PeerName[]
  readonly pairs: number
  readonly options: PeerOptions
  readonly say: (line: string) => void
}

export type Results = { readonly measured: Measured[]; readonly failures: string[] }

/** Measures everything; `abort` ends it after the broker that runs is stopped. A peer that fails leaves no figure. */
export async function measure(plan: Plan, abort: AbortSignal): Promise<Results> {
  const failures: string[] = []
  const measured: Measured[] = []
  for (const each of plan.cases) {
    const values = new Map(each.rows.map(row => [row.figure, new Map<PeerName, number[]>()]))
    for (let pair = 1; pair <= plan.pairs; pair++) {
      for (const name of plan.peers) {
        if (name === 'ceiling' && !each.ceiling) continue
        abort.throwIfAborted()
        try {
          const figures = await turn(name, each.load, plan.options, abort)
          for (const [figure, byPeer] of values) byPeer.set(name, [...(byPeer.get(name) ?? []), figures[figure]!])
          plan.say(`${each.name} ${pair}/${plan.pairs} ${name}: ${short(figures)}`)
        } catch (error) {
          abort.throwIfAborted()
          failures.push(`${each.name} ${pair}/${plan.pairs} ${name}: ${message(error)}`)
          plan.say(failures.at(-1)!)
        }
      }
    }
    for (const row of each.rows) measured.push({ row, values: values.get(row.figure)! })
  }
  return { measured, failures }
}

async function turn(name: PeerName, load: Load, options: PeerOptions, signal: AbortSignal): Promise<Figures> {
  const peer = await startPeer(name, options)
  try {
    return load.kind === 'declares' && load.pipeline > 1
      ? await withMemory(peer, () => generate(peer.port, load, signal))
      : await generate(peer.port, load, signal)
  } finally {
    await peer.stop()
  }
}

async function withMemory(peer: Peer, work: () => Promise<Figures>): Promise<Figures> {
  await delay(REST_MS)
  const before = residentBytes(peer.pid)
  const figures = await work()
  await delay(REST_MS)
  return { ...figures, [RESIDENT_FIGURE]: (residentBytes(peer.pid) - before) / 1e6 }
}

async function generate(port: number, load: Load, signal: AbortSignal): Promise<Figures> {
  const args = [LOAD_MAIN, `${port}`, JSON.stringify(load)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LOAD_MS, signal })
  return JSON.parse(stdout) as Figures
}

function short(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)}`)
    .join(', ')
}

function message(error: unknown): string {
  const text = (error as { stderr?: string }).stderr || String(error)
  return text.split('\n').find(line => /error/i.test(line)) ?? text.trim()
}
