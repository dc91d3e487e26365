/** The endpoints by HTTP, as a kubelet, Prometheus and a person use them. */

import { Registry } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import { HealthServer } from './health.ts'
import { createLog } from './log.ts'
import { runtimeMetrics } from './runtime/metrics.ts'

let server: HealthServer | undefined

async function serve() {
  const state = { ready: false }
  const registry = new Registry()
  runtimeMetrics(registry)
  const lines: string[] = []
  const log = createLog('info', { write: line => void lines.push(line) })
  server = new HealthServer({ host: '127.0.0.1', port: 0, registry, ready: () => state.ready, log })
  const port = await server.start()
  const call = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)
  return { state, log, lines, call, port }
}

afterEach(async () => {
  await server?.stop()
  server = undefined
})

describe('HealthServer', () => {
  it('is alive from the start, and ready once the caches have synced', async () => {
    const { state, call } = await serve()
    expect((await call('/healthz')).status).toBe(200)
    expect((await call('/readyz')).status).toBe(503)
    state.ready = true
    expect((await call('/readyz')).status).toBe(200)
  })

  it('shows metrics in the format of Prometheus', async () => {
    const { call } = await serve()
    const response = await call('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    expect(await response.text()).toContain('# TYPE warren_operator_reconcile_duration_seconds histogram')
  })

  it('changes the log level while running, also for children made later', async () => {
    const { log, lines, call } = await serve()
    log.debug({}, 'before')
    expect((await call('/loglevel', { method: 'PUT', body: 'debug\n' })).status).toBe(200)
    expect(await (await call('/loglevel')).text()).toBe('debug\n')
    log.child({ key: 'a' }).debug({}, 'after')
    expect(lines.map(line => JSON.parse(line)['msg'])).toEqual(['after'])
  })

  it('refuses a level that is none, and a body that is too long', async () => {
    const { log, call } = await serve()
    expect((await call('/loglevel', { method: 'PUT', body: 'loud' })).status).toBe(400)
    expect((await call('/loglevel', { method: 'PUT', body: 'x'.repeat(100_000) })).status).toBe(400)
    expect(log.level).toBe('info')
  })

  it('answers 404 elsewhere, and raises when its port is taken', async () => {
    const { call, port, log } = await serve()
    expect((await call('/')).status).toBe(404)
    const second = new HealthServer({ host: '127.0.0.1', port, registry: new Registry(), ready: () => true, log })
    await expect(second.start()).rejects.toThrow('EADDRINUSE')
  })
})
