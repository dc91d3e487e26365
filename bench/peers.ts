/** The programs that are compared: how each starts on an empty data folder and its own loopback ports, and how it ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ignore } from './measuring.ts'
import { freePort, type Program, start, stop } from './processes.ts'
import { startRabbit } from './rabbitmq.ts'
import { AmqpSocket, ReadBuffer } from './socket.ts'

/** A running peer; `startMs` is from its start to the first client that has a channel, `stop` also removes its data. */
export type Peer = {
  readonly port: number
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
}

const WARREN_MAIN = fileURLToPath(new URL('../broker-image/src/main.ts', import.meta.url))
const START_MS = 60_000
const ASK_MS = 10

export async function startPeer(name: PeerName, options: PeerOptions): Promise<Peer> {
  const data = mkdtempSync(path.join(options.directory, `warren-bench-${name}-`))
  const port = await freePort()
  const before = performance.now()
  const programs = await startPrograms(name, port, data, options)
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
  return { port, pid: main.child.pid!, startMs: performance.now() - before, stop: end }
}

/** In order of start; the last one is the broker. */
async function startPrograms(name: PeerName, port: number, data: string, options: PeerOptions): Promise<Program[]> {
  switch (name) {
    case 'warren':
      return [await startWarren(port, data)]
    case 'rabbitmq':
      return await startRabbit({ port, data })
    case 'ceiling':
      return [startCeiling(port, data, options.ceiling)]
  }
}

async function startWarren(port: number, data: string): Promise<Program> {
  const ports = ['--amqp-port', `${port}`, '--management-port', `${await freePort()}`]
  return start(process.execPath, [WARREN_MAIN, '--data-dir', data, ...ports], {})
}

function startCeiling(port: number, data: string, file: string | undefined): Program {
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
  const socket = new AmqpSocket(port, ignore, () => {}, buffer)
  try {
    await socket.open()
    await socket.close()
    return true
  } catch {
    return false
  }
}
