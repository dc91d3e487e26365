/** The operator as Node runs it (type stripping, no bundler), against a fake API server: start, lead, stop, take over. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeApiServer } from '../test/fake-api-server.ts'
import { until } from '../test/fast-clock.ts'
import { clusterOf } from '../test/samples.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const LEASES = 'coordination.k8s.io/v1/leases'

let server: FakeApiServer
let directory: string
let children: ChildProcess[]

/** A kubeconfig for the fake server; plain HTTP is allowed only where TLS is not checked anyway. */
function kubeconfigOf(address: URL): string {
  const path = join(directory, 'kubeconfig')
  const config = {
    clusters: [{ name: 'c', cluster: { server: address.origin, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

function run(kubeconfig: string, ...flags: string[]) {
  const argv = [MAIN, '--kubeconfig', kubeconfig, '--health-port', '0', '--health-host', '127.0.0.1', ...flags]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', chunk => {
      output.text += chunk
    })
  }
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const port = () => /"healthPort":(\d+)/.exec(output.text)?.[1]
  return { child, output, exited, port }
}

const holder = () => {
  const [lease] = server.store.list(LEASES, '', {})
  return (lease?.spec as { holderIdentity: string } | undefined)?.holderIdentity
}

beforeEach(() => {
  server = new FakeApiServer()
  directory = mkdtempSync(join(tmpdir(), 'warren-operator-'))
  children = []
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await server.stop()
  rmSync(directory, { recursive: true })
})

describe('main', { timeout: 90_000 }, () => {
  it('prints its flags', async () => {
    const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    let text = ''
    child.stdout.on('data', chunk => {
      text += chunk
    })
    expect((await once(child, 'close'))[0]).toBe(0)
    expect(text).toContain('--leader-election')
  })

  it('refuses bad settings with one line and code 2', async () => {
    const { exited, output } = run(join(directory, 'none'), '--concurrency', 'many')
    expect(await exited).toBe(2)
    expect(output.text).toBe('warren-operator: --concurrency must be a whole number from 1 to 100, not "many"\n')
  })

  it('leads, makes a cluster, gets ready, changes its level, stops on SIGTERM and hands over', async () => {
    const kubeconfig = kubeconfigOf(await server.start())
    server.store.create('warren.dev/v1alpha1/brokerclusters', clusterOf())
    const first = run(kubeconfig, '--identity', 'first')
    await until(() => holder()?.startsWith('first') === true)
    await until(() => server.store.get('apps/v1/statefulsets', 'default/orders') !== undefined)
    const endpoint = `http://127.0.0.1:${first.port()}`
    await until(async () => (await fetch(`${endpoint}/readyz`)).status === 200)
    expect(await (await fetch(`${endpoint}/metrics`)).text()).toContain('process_resident_memory_bytes')
    first.child.kill('SIGUSR2')
    await until(async () => (await (await fetch(`${endpoint}/loglevel`)).text()) === 'debug\n')

    const second = run(kubeconfig, '--identity', 'second')
    await until(() => second.port() !== undefined)
    first.child.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    await until(() => holder()?.startsWith('second') === true)
    second.child.kill('SIGTERM')
    expect(await second.exited).toBe(0)
    expect(holder()).toBe('')
  })
})
