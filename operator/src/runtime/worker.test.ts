/** What the workers do with each outcome of a pass, and with a stop. */

import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { ManualClock, settle } from '../../test/manual-clock.ts'
import { createLog } from '../log.ts'
import { KeyQueue } from './key-queue.ts'
import { runtimeMetrics } from './metrics.ts'
import { DONE, type Reconcile, TerminalError } from './outcome.ts'
import { Workers } from './worker.ts'

const KEY = { namespace: 'ns', name: 'orders' }

function workersOver(reconcile: Reconcile, concurrency = 2) {
  const clock = new ManualClock()
  const queue = new KeyQueue({ clock, random: () => 1, backoff: { baseMs: 100, maxMs: 1000 }, keysMax: 100 })
  const lines: Record<string, unknown>[] = []
  const log = createLog('debug', { write: line => void lines.push(JSON.parse(line)) })
  const registry = new Registry()
  const metrics = runtimeMetrics(registry)
  const workers = new Workers({ controller: 'queue', kind: 'Queue', queue, reconcile, concurrency, log, metrics })
  workers.start()
  return { clock, queue, lines, registry, workers }
}

/** Passes seen after each of the outcomes, the clock moved far on. */
async function passesAfter(outcome: () => ReturnType<Reconcile>): Promise<number> {
  let passes = 0
  const { clock, queue, workers } = workersOver(() => {
    passes += 1
    return passes === 1 ? outcome() : Promise.resolve(DONE)
  })
  queue.add(KEY)
  await settle()
  await clock.run(10_000, 1000)
  await workers.stop()
  return passes
}

describe('Workers', () => {
  it('leaves a key alone after done', async () => {
    expect(await passesAfter(() => Promise.resolve(DONE))).toBe(1)
  })

  it('runs a key again after the delay it asked for', async () => {
    expect(await passesAfter(() => Promise.resolve({ kind: 'after', delayMs: 5000 }))).toBe(2)
  })

  it('runs a key again with back-off after an error', async () => {
    expect(await passesAfter(() => Promise.reject(new Error('no route')))).toBe(2)
  })

  it('leaves a key alone after a terminal error', async () => {
    expect(await passesAfter(() => Promise.reject(new TerminalError('Invalid', 'spec.vhost is unknown')))).toBe(1)
  })

  it('treats a reconcile that throws at once like one that rejects', async () => {
    const outcome = () => {
      throw new Error('bug')
    }
    expect(await passesAfter(outcome)).toBe(2)
  })

  it('waits for passes that run when it is stopped, and starts no more', async () => {
    const passes = Promise.withResolvers<typeof DONE>()
    let started = 0
    const { queue, workers } = workersOver(() => {
      started += 1
      return passes.promise
    }, 1)
    queue.add(KEY)
    queue.add({ ...KEY, name: 'other' })
    await settle()
    let stopped = false
    const stopping = workers.stop().then(() => {
      stopped = true
    })
    await settle()
    expect(stopped).toBe(false)
    passes.resolve(DONE)
    await stopping
    expect(started).toBe(1)
  })

  it('runs as many keys at once as it may, and no more', async () => {
    let running = 0
    let most = 0
    const release: (() => void)[] = []
    const { queue, workers } = workersOver(async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>(resolve => release.push(resolve))
      running -= 1
      return DONE
    }, 3)
    for (let n = 0; n < 6; n += 1) queue.add({ namespace: 'ns', name: `k${n}` })
    await settle()
    expect(most).toBe(3)
    while (release.length > 0) {
      for (const end of release.splice(0)) end()
      await settle()
    }
    await workers.stop()
    expect(most).toBe(3)
  })

  it('logs each pass with its id, kind and key, and measures it', async () => {
    const { queue, lines, registry, workers } = workersOver((_key, log) => {
      log.info({ step: 1 }, 'hello')
      return Promise.resolve(DONE)
    })
    queue.add(KEY)
    await settle()
    await workers.stop()
    expect(lines[0]).toMatchObject({ level: 'info', kind: 'Queue', key: 'ns/orders', msg: 'hello', step: 1 })
    expect(lines[0]?.['reconcileId']).toMatch(/^[0-9a-f-]{36}$/)
    expect(await registry.metrics()).toContain('duration_seconds_count{controller="queue",result="done"} 1')
  })
})
