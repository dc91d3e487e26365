/** A Celery application: its workers are killed and revived, and so is the broker under them. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from './broker-process.ts'
import { pythonClients } from './foreign.ts'
import { CAN_KILL, useBroker } from './restartable-broker.ts'

const APPLICATION = path.join(import.meta.dirname, 'celery')
const POLL = { timeout: 30_000 }
const CALL_MS = 30_000

const { python, missing } = pythonClients()

describe.skipIf(missing !== null)(`Celery${missing === null ? '' : ` (${missing})`}`, { timeout: 60_000 }, () => {
  const broker = useBroker()
  const folder = temporaryFolder()
  const workers: ChildProcess[] = []

  afterEach(async () => {
    for (const worker of workers.splice(0)) await kill(worker)
  })
  afterAll(() => folder.remove())

  const environment = () => ({ ...process.env, BROKER_URL: broker.amqpUrl, PYTHONDONTWRITEBYTECODE: '1' })

  /** Starts a worker with as many processes as `concurrency`, and waits until it takes tasks. */
  async function startWorker(concurrency: number, ...options: string[]): Promise<ChildProcess> {
    const args = [
      '-m',
      'celery',
      '-A',
      'interop',
      'worker',
      '-l',
      'INFO',
      '-c',
      `${concurrency}`,
      '-n',
      `w${workers.length}@%h`,
    ]
    const worker = spawn(python, [...args, ...options], { cwd: APPLICATION, env: environment(), detached: true })
    workers.push(worker)
    let output = ''
    const isReady = new Promise<boolean>(resolve => {
      const read = (chunk: Buffer) => {
        output += chunk
        if (/ ready\.$/m.test(output)) resolve(true)
      }
      worker.stdout.on('data', read)
      worker.stderr.on('data', read)
      worker.once('exit', () => resolve(false))
    })
    if (!(await isReady)) throw new Error(`the worker ended:\n${output}`)
    return worker
  }

  /** SIGKILL for the worker and all its processes. */
  async function kill(worker: ChildProcess): Promise<void> {
    if (worker.exitCode !== null || worker.signalCode !== null) return
    const ended = once(worker, 'exit')
    process.kill(-worker.pid!, 'SIGKILL')
    await ended
  }

  /** A deed of `call.py`. */
  async function call(...args: string[]): Promise<unknown> {
    const options = { cwd: APPLICATION, env: environment() }
    const { stdout } = await promisify(execFile)(python, ['call.py', ...args], { ...options, timeout: CALL_MS })
    return JSON.parse(stdout)
  }

  function emptyFolder(name: string): string {
    mkdirSync(path.join(folder.path, name))
    return path.join(folder.path, name)
  }

  const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [])
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

  test('many tasks have each their own result, and a failing one its error', async () => {
    await startWorker(2)
    expect(await call('results', '300')).toEqual(Array.from({ length: 300 }, (_, i) => 2 * i))
    expect(await call('failure')).toBe('always')
  })

  test('a task is tried again after its countdown', async () => {
    await startWorker(1)
    expect(await call('retries')).toBe(2)
  })

  test('a task that is acknowledged late is done again after kill -9 of its worker', async () => {
    const at = emptyFolder('late')
    const first = await startWorker(1)
    await call('start_holding', at)
    await expect.poll(() => linesOf(`${at}/started`), POLL).toEqual(['redelivered=False'])
    await kill(first)
    await startWorker(1)
    await expect.poll(() => linesOf(`${at}/started`), POLL).toEqual(['redelivered=False', 'redelivered=True'])
    writeFileSync(`${at}/go`, '')
    await expect.poll(() => linesOf(`${at}/ended`), POLL).toEqual(['redelivered=True'])
  })

  test('tasks with an ETA are all taken at once, beyond the prefetch, and done in time', async () => {
    const file = path.join(folder.path, 'eta')
    await startWorker(1)
    await call('notes', file, '6', '6')
    await expect.poll(() => call('scheduled'), POLL).toBe(6)
    await expect.poll(() => linesOf(file).toSorted((a, b) => Number(a) - Number(b)), POLL).toEqual(numbers(6))
  })

  test('a worker takes tasks of higher priority first', async () => {
    const file = path.join(folder.path, 'ranked')
    const first = await startWorker(1)
    await kill(first)
    await call('ranked', file, '1', '5', '0', '9', '5', '10')
    await startWorker(1)
    await expect.poll(() => linesOf(file), POLL).toEqual(['10', '9', '5', '5', '1', '0'])
  })

  test('workers answer to remote control, and call off a task', async () => {
    const file = path.join(folder.path, 'revoked')
    await startWorker(1)
    expect(await call('queues')).toEqual(['celery plain', 'celery ranked'])
    await call('revoked', file)
    await expect.poll(() => linesOf(file), POLL).toEqual(['kept'])
  })

  test('workers tell what becomes of a task', async () => {
    await startWorker(1, '--task-events')
    expect(await call('events')).toEqual(['task-received', 'task-started', 'task-succeeded'])
  })

  test.skipIf(!CAN_KILL)('after kill -9 of the broker the workers go on, and no task is lost', async () => {
    const file = path.join(folder.path, 'killed')
    await startWorker(2)
    await call('notes', file, '300', '0')
    await broker.killAndRestart()
    await expect
      .poll(() => [...new Set(linesOf(file))].toSorted((a, b) => Number(a) - Number(b)), POLL)
      .toEqual(numbers(300))
  })
})
