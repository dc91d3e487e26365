/** Local mode as a user has it: the real program, the example manifest, the real broker, a real AMQP client. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'amqplib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const main = fileURLToPath(new URL('../src/local/main.ts', import.meta.url))
const example = fileURLToPath(new URL('../../examples/orders.yaml', import.meta.url))

const WAIT = { timeout: 20_000, interval: 50 }

let folder: string
let manifest: string
let ports: [string, string]
const children: ChildProcess[] = []

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return String(port)
}

/** A run of local mode; `output` grows. */
function run(name = 'w') {
  const args = [main, manifest, '--folder', join(folder, name), '--amqp-port', ports[0], '--management-port', ports[1]]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const state = { child, output: '' }
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (state.output += chunk))
  return state
}

const secret = (name: string, key: string) => readFileSync(join(folder, 'w/orders/secrets', name, key), 'utf8')

const allReady = (output: string) =>
  ['BrokerCluster/orders', 'Queue/orders', 'Queue/orders-dead', 'Policy/orders', 'User/orders-shop'].every(name =>
    output.includes(`${name} is Ready`),
  )

async function stop(state: { child: ChildProcess; output: string }): Promise<void> {
  state.child.kill('SIGINT')
  const [code] = await once(state.child, 'exit')
  expect(code, state.output).toBe(0)
}

/** Process ids of brokers, from their log. */
function brokerPid(): number {
  const lines = readFileSync(join(folder, 'w/orders/broker.log'), 'utf8').trim().split('\n')
  return JSON.parse(lines.at(-1) ?? '{}').pid
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'warren-local-'))
  manifest = join(folder, 'orders.yaml')
  copyFileSync(example, manifest)
  ports = [await freePort(), await freePort()]
})

afterAll(() => {
  for (const child of children) child.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
})

test('the example becomes Ready, takes messages, follows edits, survives kill -9 and a restart', async () => {
  const first = run()
  await vi.waitFor(() => expect(allReady(first.output), first.output).toBe(true), WAIT)

  const connection = await connect(secret('orders-shop-user-credentials', 'uri'))
  connection.on('error', () => undefined)
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => undefined)
  for (let id = 0; id < 100; id++) {
    channel.publish('amq.topic', 'order.created', Buffer.from(`order ${id}`), { persistent: true })
  }
  await channel.waitForConfirms()
  await vi.waitFor(() => expect(first.output).toContain('Queue/orders is Ready, 100 messages'), WAIT)

  const text = readFileSync(manifest, 'utf8')
  const queue =
    'apiVersion: warren.dev/v1alpha1\nkind: Queue\nmetadata: {name: extra}\nspec: {clusterRef: {name: orders}}\n'
  writeFileSync(manifest, `${text}\n---\n${queue}`)
  await vi.waitFor(() => expect(first.output).toContain('Queue/extra is Ready'), WAIT)
  writeFileSync(manifest, text)
  await vi.waitFor(() => expect(first.output).toContain('Queue/extra is gone'), WAIT)
  writeFileSync(manifest, text.replace('kind: Policy', 'kind: ['))
  await vi.waitFor(() => expect(first.output).toContain('nothing was changed'), WAIT)
  writeFileSync(manifest, text)

  process.kill(brokerPid(), 'SIGKILL')
  const before = first.output.length
  await vi.waitFor(() => expect(first.output.slice(before)).toContain('BrokerCluster/orders is Ready'), WAIT)
  await stop(first)

  const password = secret('orders-default-user', 'password')
  const second = run()
  await vi.waitFor(() => expect(second.output).toContain('Queue/orders is Ready, 100 messages'), WAIT)
  expect(secret('orders-default-user', 'password')).toBe(password)

  const refused = async (other: { child: ChildProcess; output: string }, problem: string) => {
    const [code] = await once(other.child, 'close')
    expect(code).toBe(1)
    expect(other.output).toContain(problem)
  }
  await refused(run(), `error: another run uses ${join(folder, 'w')}: stop it, or choose another folder`)
  await refused(run('v'), `error: port ${ports[0]} is in use: stop the program that listens there`)

  // Killed, it can stop nothing itself; its broker must not go on over the data without it.
  const pid = brokerPid()
  second.child.kill('SIGKILL')
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), WAIT)
  const last = run()
  await vi.waitFor(() => expect(last.output).toContain('Queue/orders is Ready, 100 messages'), WAIT)
  await stop(last)
}, 120_000)

test('a broker that cannot start is told of, with its own words', async () => {
  mkdirSync(join(folder, 'broken/orders'), { recursive: true })
  writeFileSync(join(folder, 'broken/orders/data'), 'not a folder')
  const state = run('broken')
  await vi.waitFor(() => expect(state.output).toContain('error: the broker of orders ended'), WAIT)
  expect(state.output).toMatch(/the broker of orders ended and is started again \(.*broker\.log\): .*data/)
  await stop(state)
}, 60_000)

test('a manifest that is not there ends with one clear line', async () => {
  const child = spawn(process.execPath, [main, join(folder, 'missing.yaml'), '--folder', join(folder, 'other')])
  let errors = ''
  child.stderr.on('data', chunk => (errors += chunk))
  const [code] = await once(child, 'exit')
  expect(code).toBe(1)
  expect(errors).toBe(`error: ${join(folder, 'missing.yaml')}: there is no such file\n`)
})
