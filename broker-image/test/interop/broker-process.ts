/** A broker as users run it: a process with its own data folder and ports, stopped or killed by its pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const START_MS = 30_000
const OUTPUT_CHARACTERS = 4000

export type BrokerProcess = {
  readonly amqpUrl: string
  readonly amqpPort: number
  readonly managementUrl: string
  /** SIGTERM; resolves with the exit code. */
  readonly stop: () => Promise<number | null>
  /** SIGKILL; resolves when the process is gone. */
  readonly kill: () => Promise<void>
  /** Sends it a signal that does not end it. */
  readonly signal: (name: 'SIGHUP') => void
  /** The last lines it wrote, for error messages. */
  readonly output: () => string
}

export function temporaryFolder(): { path: string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'warren-test-'))
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/**
 * Starts `main.ts` on loopback ports and waits until it listens on both: free ones, or those that `before` had, whose
 * clients find it again. Throws with its output if it ends.
 */
export async function startBroker(
  dataDir: string,
  before?: BrokerProcess,
  flags: readonly string[] = [],
): Promise<BrokerProcess> {
  const amqpPort = before?.amqpPort ?? (await freePort())
  const managementPort = before === undefined ? await freePort() : Number(new URL(before.managementUrl).port)
  const child = spawn(process.execPath, [...command(dataDir, amqpPort, managementPort), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  const output = lastOutput(child)
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  try {
    await listening(amqpPort, child, output)
    await listening(managementPort, child, output)
  } catch (error) {
    if (child.exitCode === null) await end('SIGKILL')
    throw error
  }
  return {
    amqpUrl: `amqp://guest:guest@127.0.0.1:${amqpPort}`,
    amqpPort,
    managementUrl: `http://127.0.0.1:${managementPort}`,
    stop: async () => {
      await end('SIGTERM')
      return child.exitCode
    },
    kill: () => end('SIGKILL'),
    signal: name => {
      child.kill(name)
    },
    output,
  }
}

/** Starts the broker and kills it `afterMs` later, wherever its start has come to. */
export async function killDuringStart(dataDir: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, command(dataDir, await freePort(), await freePort()), { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await Promise.race([ended, delay(afterMs)])
  child.kill('SIGKILL')
  await ended
}

function command(dataDir: string, amqpPort: number, managementPort: number): string[] {
  const ports = ['--amqp-port', `${amqpPort}`, '--management-port', `${managementPort}`]
  return [MAIN, '--data-dir', dataDir, ...ports]
}

function lastOutput(child: ChildProcess): () => string {
  let text = ''
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-OUTPUT_CHARACTERS)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => text
}

async function listening(port: number, child: ChildProcess, output: () => string): Promise<void> {
  const end = performance.now() + START_MS
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the broker ended:\n${output()}`)
    if (performance.now() > end) throw new Error(`the broker does not listen on ${port}:\n${output()}`)
    await delay(20)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A loopback port that nobody has now. */
export async function freePort(): Promise<number> {
  const server = net.createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as net.AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
