/** Child processes of the benchmark: their trees, their memory, their end. All by process id, never by name. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const STOP_MS = 20_000

/** A started program; `output` keeps the last lines it wrote, for error messages. */
export type Program = { readonly child: ChildProcess; readonly output: () => string }

export function start(command: string, args: readonly string[], options: SpawnOptions): Program {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let tail = ''
  const keep = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  child.on('error', error => keep(Buffer.from(error.message)))
  return { child, output: () => tail }
}

/** Asks with SIGTERM, and after 20 s kills what is left of the process and of those it started. */
export async function stop(program: Program): Promise<void> {
  const { child } = program
  if (child.pid === undefined || ended(child)) return
  const members = tree(child.pid)
  const closed = once(child, 'exit')
  for (const pid of members) signal(pid, 'SIGTERM')
  const late = new AbortController()
  await Promise.race([closed, delay(STOP_MS, undefined, { signal: late.signal }).catch(() => {})])
  late.abort()
  for (const pid of members) signal(pid, 'SIGKILL')
  if (!ended(child)) await closed
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The process and all its descendants (Linux `/proc`). */
export function tree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const found = [root]
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]!) ?? []))
  return found
}

function parentOf(pid: number): number | undefined {
  const value = statusField(pid, 'PPid')
  return value === undefined ? undefined : Number.parseInt(value, 10)
}

/** Resident memory of the process and its descendants, in bytes. */
export function residentBytes(root: number): number {
  const kib = tree(root).map(pid => Number.parseInt(statusField(pid, 'VmRSS') ?? '0', 10))
  return kib.reduce((sum, each) => sum + each, 0) * 1024
}

function statusField(pid: number, field: string): string | undefined {
  try {
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  } catch {
    return undefined // It ended between the listing and the reading.
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as net.AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
