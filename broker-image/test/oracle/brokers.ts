/** The two brokers that are compared, each a process on free loopback ports with an empty data folder. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort, type Program, start, stop } from '../../../bench/processes.ts'
import { installRabbit, startRabbit } from '../../../bench/rabbitmq.ts'

const WARREN_MAIN = path.join(import.meta.dirname, '../../src/main.ts')
/** What Warren has without plugins. */
const PLUGINS = [
  'rabbitmq_consistent_hash_exchange',
  'rabbitmq_event_exchange',
  'rabbitmq_random_exchange',
  'rabbitmq_recent_history_exchange',
  'rabbitmq_sharding',
]
const START_MS = 90_000

export interface Peer {
  readonly name: 'RabbitMQ' | 'Warren'
  readonly amqpPort: number
  readonly managementPort: number
}

export interface Brokers {
  readonly rabbitmq: Peer
  readonly warren: Peer
  /** Ends both, and removes their data. */
  stop(): Promise<void>
}

/** Starts both, and waits until their management APIs answer. */
export async function startBrokers(): Promise<Brokers> {
  installRabbit()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'warren-oracle-'))
  const programs: Program[] = []
  const end = async () => {
    for (const program of programs.toReversed()) await stop(program)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const rabbitmq = { name: 'RabbitMQ', amqpPort: await freePort(), managementPort: await freePort() } as const
    const warren = { name: 'Warren', amqpPort: await freePort(), managementPort: await freePort() } as const
    programs.push(startWarren(warren, path.join(folder, 'warren')))
    const data = path.join(folder, 'rabbitmq')
    mkdirSync(data)
    const { amqpPort: port, managementPort } = rabbitmq
    programs.push(...(await startRabbit({ port, managementPort, data, plugins: PLUGINS })))
    await answering(warren, programs[0]!)
    await answering(rabbitmq, programs.at(-1)!)
    return { rabbitmq, warren, stop: end }
  } catch (error) {
    await end()
    throw error
  }
}

function startWarren({ amqpPort, managementPort }: Peer, data: string): Program {
  const ports = ['--amqp-port', `${amqpPort}`, '--management-port', `${managementPort}`]
  return start(process.execPath, [WARREN_MAIN, '--data-dir', data, ...ports], {})
}

async function answering({ name, managementPort }: Peer, program: Program): Promise<void> {
  const end = performance.now() + START_MS
  while (!(await answers(managementPort))) {
    const { exitCode, signalCode } = program.child
    if (exitCode !== null || signalCode !== null) throw new Error(`${name} ended:\n${program.output()}`)
    if (performance.now() > end) throw new Error(`${name} does not answer:\n${program.output()}`)
    await delay(100)
  }
}

async function answers(port: number): Promise<boolean> {
  const headers = { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` }
  return await fetch(`http://127.0.0.1:${port}/api/whoami`, { headers }).then(
    ({ status }) => status === 200,
    () => false,
  )
}
