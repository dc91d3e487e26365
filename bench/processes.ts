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

/** Ticks of `/proc/PID/stat`: 100 a second on every Linux that Node runs on. */
const TICK_MS = 10

/** Processor time that the process and its descendants have used so far, in milliseconds. */
export function processorMs(root: number): number {
  return tree(root).reduce((sum, pid) => sum + processorTicks(pid), 0) * TICK_MS
}

function processorTicks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in parentheses, may hold blanks: fields are counted from behind it, the state being 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[14 - 3]) + Number(fields[15 - 3])
  } catch {
    return 0 // It ended between the listing and the reading.
  }
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
