/** The programs that are compared: how each starts on an empty data folder and its own loopback ports, and how it ends. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeIdentity, writeFiles } from '../broker-image/test/support/certificates.ts'
import { ignore } from './measuring.ts'
import { freePort, type Program, start, stop } from './processes.ts'
import { startRabbit } from './rabbitmq.ts'
import { AmqpSocket, ReadBuffer } from './socket.ts'

/** A running peer; `startMs` is from its start to the first client that has a channel, `stop` also removes its data. */
export type Peer = {
  readonly port: number
  /** 0 without TLS. */
  readonly tlsPort: number
  readonly pid: number
  readonly startMs: number
  readonly stop: () => Promise<void>
}

export type PeerName = 'warren' | 'rabbitmq' | 'ceiling'

export type PeerOptions = {
  /** Where the data folders go: the same disk for all peers. */
  readonly directory: string
  /** The ceiling program, started as `DIR=<empty> PORT=n node FILE`. */
  readonly ceiling: string | undefined
  /** Where Warren keeps its compiled code, see `keepCompiled`. Without it each start compiles everything. */
  readonly compiled?: string
  /** Listens with TLS too. */
  readonly tls?: boolean
  /** Lines of the configuration file. */
  readonly settings?: readonly string[]
}

/** Where a program listens and keeps its data, and what its configuration file says besides. */
type Place = { readonly port: number; readonly data: string; readonly settings: readonly string[] }

const WARREN_MAIN = fileURLToPath(new URL('../broker-image/src/main.ts', import.meta.url))
const START_MS = 60_000
const ASK_MS = 10

/** Fills `folder` with Warren's compiled code, as its image does when it is built. */
export function keepCompiled(folder: string): void {
  const env = { ...process.env, NODE_COMPILE_CACHE: folder }
  execFileSync(process.execPath, [WARREN_MAIN, '--version'], { env, stdio: 'ignore' })
}

export async function startPeer(name: PeerName, options: PeerOptions): Promise<Peer> {
  const data = mkdtempSync(path.join(options.directory, `warren-bench-${name}-`))
  const port = await freePort()
  const tlsPort = options.tls ? await freePort() : 0
  const settings = [...(options.settings ?? []), ...(options.tls ? await tlsSettings(tlsPort, data) : [])]
  const before = performance.now()
  const programs = await startPrograms(name, { port, data, settings }, options)
  const main = programs.at(-1)!
  const end = async () => {
    for (const program of programs.toReversed()) await stop(program)
    rmSync(data, { recursive: true, force: true })
  }
  try {
    await answering(port, main, name)
  } catch (error) {
    await end()
    throw error
  }
  return { port, tlsPort, pid: main.child.pid!, startMs: performance.now() - before, stop: end }
}

/** In order of start; the last one is the broker. */
async function startPrograms(name: PeerName, place: Place, options: PeerOptions): Promise<Program[]> {
  switch (name) {
    case 'warren':
      return [await startWarren(place, options.compiled)]
    case 'rabbitmq':
      return await startRabbit(place)
    case 'ceiling':
      return [startCeiling(place, options.ceiling)]
  }
}

/** A certificate for this run, and the settings of both brokers that make them listen with it. */
async function tlsSettings(port: number, data: string): Promise<string[]> {
  const identity = await makeIdentity({ name: 'CN=localhost', isAuthority: true })
  const { cert, key, ca } = writeFiles(path.join(data, 'tls'), identity, identity)
  const files = [`ssl_options.certfile = ${cert}`, `ssl_options.keyfile = ${key}`, `ssl_options.cacertfile = ${ca}`]
  return [`listeners.ssl.1 = 127.0.0.1:${port}`, ...files]
}

async function startWarren({ port, data, settings }: Place, compiled: string | undefined): Promise<Program> {
  const config = path.join(data, 'warren.conf')
  writeFileSync(config, settings.join('\n'))
  const ports = ['--amqp-port', `${port}`, '--management-port', `${await freePort()}`]
  const code = compiled === undefined ? { NODE_DISABLE_COMPILE_CACHE: '1' } : { NODE_COMPILE_CACHE: compiled }
  const args = ['--config', config, '--data-dir', data, ...ports]
  return start(process.execPath, [WARREN_MAIN, ...args], { env: { ...process.env, ...code } })
}

function startCeiling({ port, data }: Place, file: string | undefined): Program {
  if (file === undefined) throw new Error('no ceiling program is named')
  return start(process.execPath, [file], { env: { ...process.env, DIR: path.join(data, 'log'), PORT: `${port}` } })
}

/** Waits until a client can open a channel. */
async function answering(port: number, program: Program, name: PeerName): Promise<void> {
  const end = performance.now() + START_MS
  const buffer = new ReadBuffer()
  while (!(await opens(port, buffer))) {
    const { exitCode, signalCode } = program.child
    if (exitCode !== null || signalCode !== null) throw new Error(`${name} ended:\n${program.output()}`)
    if (performance.now() > end) throw new Error(`${name} does not answer:\n${program.output()}`)
    await delay(ASK_MS)
  }
}

async function opens(port: number, buffer: ReadBuffer): Promise<boolean> {
  const socket = new AmqpSocket(port, ignore, () => {}, { buffer })
  try {
    await socket.open()
    await socket.close()
    return true
  } catch {
    return false
  }
}
