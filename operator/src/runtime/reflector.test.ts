/** The reflector against an API server that misbehaves: at the end its cache is what the server holds, at a bounded cost. */

import fc from 'fast-check'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeApiServer, type ListFault, type WatchFault } from '../../test/fake-api-server.ts'
import { FastClock, until } from '../../test/fast-clock.ts'
import { ApiHttp } from '../cluster/http.ts'
import { watchTransport } from '../cluster/transport.ts'
import { createLog } from '../log.ts'
import type { KubernetesObject } from '../objects.ts'
import { runtimeMetrics } from './metrics.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'
import type { Change } from './source.ts'

const QUEUES = 'warren.dev/v1alpha1/queues'
const KIND = { apiVersion: 'warren.dev/v1alpha1', kind: 'Queue' }
const TIMINGS = {
  serverTimeoutMs: 300_000,
  inactivityMs: 5000,
  healthyMs: 1000,
  backoff: { baseMs: 500, maxMs: 5000 },
}

let clock: FastClock
let server: FakeApiServer
let reflector: Reflector | undefined
let address: URL

function queue(name: string, spec: unknown = {}): KubernetesObject {
  return { ...KIND, metadata: { name, namespace: 'ns' }, spec }
}

function reflect(options: Partial<ReflectorOptions> = {}): Reflector {
  const http = new ApiHttp({ server: address, authorize: () => Promise.resolve({}) }, clock)
  reflector = new Reflector({
    kind: KIND,
    path: `/apis/${QUEUES}`,
    transport: watchTransport(http),
    clock,
    random: Math.random,
    timings: TIMINGS,
    log: createLog('error'),
    metrics: runtimeMetrics(new Registry()),
    ...options,
  })
  reflector.start()
  return reflector
}

/** Name, uid and version of each object: equal for two holders of the same state. */
function summary(objects: readonly KubernetesObject[]): string[] {
  return objects.map(({ metadata: m }) => `${m.name} ${m.uid} ${m.resourceVersion}`).sort()
}

const agrees = () => {
  const held = summary(reflector?.list('') ?? [])
  return JSON.stringify(held) === JSON.stringify(summary(server.store.list(QUEUES, '', {})))
}

beforeEach(async () => {
  clock = new FastClock(100)
  server = new FakeApiServer()
  address = await server.start()
})

afterEach(async () => {
  await reflector?.stop()
  reflector = undefined
  await server.stop()
  clock.stop()
})

describe('Reflector on a well-behaved server', () => {
  it('holds what was there, with apiVersion and kind, frozen and slim, and follows changes', async () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'yes' }
    server.store.create(QUEUES, {
      ...queue('a'),
      metadata: { ...queue('a').metadata, annotations, managedFields: [] } as never,
    })
    await reflect().synced()
    const held = reflector?.get('ns', 'a')
    expect(held).toMatchObject({ apiVersion: 'warren.dev/v1alpha1', kind: 'Queue', metadata: { name: 'a' } })
    expect(held?.metadata.annotations).toEqual({ mine: 'yes' })
    expect(held?.metadata).not.toHaveProperty('managedFields')
    expect(Object.isFrozen(held?.metadata.annotations)).toBe(true)
    server.store.create(QUEUES, queue('b'))
    server.store.delete(QUEUES, 'ns/a')
    await until(agrees)
    expect(reflector?.list('ns').map(object => object.metadata.name)).toEqual(['b'])
  })

  it('reads a long list in pages, and only once', async () => {
    for (let n = 0; n < 1203; n += 1) server.store.create(QUEUES, queue(`q${n}`))
    await reflect().synced()
    expect(agrees()).toBe(true)
    expect(server.requests.filter(request => request.query.has('limit'))).toHaveLength(3)
  })

  it('has not synced before the first list is whole', async () => {
    server.listFaults = [{ kind: 'refuse', status: 500 }]
    const early = reflect()
    expect(early.hasSynced).toBe(false)
    await early.synced()
    expect(early.hasSynced).toBe(true)
  })

  it('asks for bookmarks and a server timeout with jitter, and resumes from the last bookmark', async () => {
    server.watchFaults = [{ kind: 'drop', after: 1 }]
    await reflect({ random: () => 0.5 }).synced()
    await until(() => server.watches === 1)
    const query = server.requests.at(-1)?.query
    expect(query?.get('allowWatchBookmarks')).toBe('true')
    expect(query?.get('timeoutSeconds')).toBe('450')
    server.store.create('v1/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x', namespace: 'ns' },
    })
    server.bookmark()
    const version = `${server.store.version}`
    await until(() => server.requests.some(request => request.query.get('resourceVersion') === version))
    expect(server.lists).toBe(1)
  })

  it('tells added (initial or not), updated and deleted, and a successor under one name as deleted, then added', async () => {
    server.store.create(QUEUES, queue('a'))
    server.store.create(QUEUES, queue('b'))
    const told: string[] = []
    const tell = (change: Change) => {
      const initial = change.type === 'added' && change.initial ? ' initially' : ''
      told.push(`${change.type} ${change.object.metadata.name} ${change.object.metadata.uid}${initial}`)
    }
    // The gap: a watch that ended, its resume point compacted, so that only a list shows the new uid.
    server.watchFaults = [{ kind: 'drop', after: 1 }, { kind: 'gone-http' }]
    const following = reflect()
    following.subscribe(tell)
    await following.synced()
    await until(() => server.watches === 1)
    server.store.update(QUEUES, queue('a', { durable: true }))
    server.store.delete(QUEUES, 'ns/b')
    server.store.create(QUEUES, queue('b'))
    await until(agrees)
    expect(told.slice(0, 2).sort()).toEqual(['added a uid-1 initially', 'added b uid-2 initially'])
    expect(told.slice(2)).toEqual(['updated a uid-1', 'deleted b uid-2', 'added b uid-3'])
  })

  it('watches only what carries its labels', async () => {
    server.store.create(QUEUES, {
      ...queue('mine'),
      metadata: { ...queue('mine').metadata, labels: { app: 'warren' } },
    })
    server.store.create(QUEUES, queue('other'))
    await reflect({ labels: { app: 'warren' } }).synced()
    expect(reflector?.list('').map(object => object.metadata.name)).toEqual(['mine'])
  })

  it('finds objects by an index, also after they moved', async () => {
    const cluster = (object: KubernetesObject) => [(object.spec as { cluster: string }).cluster]
    server.store.create(QUEUES, queue('a', { cluster: 'red' }))
    reflect().addIndex('cluster', cluster)
    await reflector?.synced()
    expect(reflector?.indexed('cluster', 'red')).toHaveLength(1)
    server.store.update(QUEUES, queue('a', { cluster: 'blue' }))
    await until(agrees)
    expect(reflector?.indexed('cluster', 'red')).toEqual([])
    expect(reflector?.indexed('cluster', 'blue')).toHaveLength(1)
  })

  it('stops while a list, a watch or a pause is under way', async () => {
    server.listFaults = [{ kind: 'half-open' }]
    reflect()
    await until(() => server.lists === 1)
    await reflector?.stop()
    await reflect().synced()
    await until(() => server.watches === 1)
    await reflector?.stop()
    server.listFaults = [{ kind: 'refuse', status: 500 }]
    reflect({ timings: { ...TIMINGS, backoff: { baseMs: 1e9, maxMs: 1e9 } } })
    await until(() => server.lists === 3)
    await reflector?.stop()
  })
})

describe('Reflector on a misbehaving server', () => {
  const cases: [string, WatchFault, number][] = [
    ['a refused watch', { kind: 'refuse', status: 500 }, 1],
    ['a forbidden watch', { kind: 'refuse', status: 403 }, 1],
    ['410 as an answer', { kind: 'gone-http' }, 2],
    ['410 as an event', { kind: 'gone-event', after: 2 }, 2],
    ['500 as an event', { kind: 'error-event', after: 2 }, 1],
    ['a dropped connection', { kind: 'drop', after: 2 }, 1],
    ['a watch that ends', { kind: 'end', after: 2 }, 1],
    ['a line cut by a drop', { kind: 'cut', after: 2, clean: false }, 1],
    ['a line cut by an end', { kind: 'cut', after: 2, clean: true }, 1],
    ['a line that is not JSON', { kind: 'garbage', after: 2 }, 1],
    ['a half-open watch', { kind: 'half-open', after: 2 }, 1],
    ['a half-open watch from the start', { kind: 'half-open', after: 0 }, 1],
    ['events sent twice', { kind: 'duplicate' }, 1],
    ['old events sent again', { kind: 'replay' }, 2],
    ['events out of order', { kind: 'reorder' }, 2],
    ['events in small pieces', { kind: 'slow' }, 1],
  ]
  it.each(cases)('ends equal to the server after %s', async (_name, fault, listsMax) => {
    server.store.create(QUEUES, queue('a'))
    server.watchFaults = [fault]
    await reflect().synced()
    await until(() => server.watches === 1)
    server.store.update(QUEUES, queue('a', { n: 1 }))
    server.store.create(QUEUES, queue('b'))
    server.store.create(QUEUES, queue('c'))
    server.store.update(QUEUES, queue('a', { n: 2 }))
    server.store.delete(QUEUES, 'ns/b')
    server.heal()
    await until(agrees)
    expect(server.lists).toBeLessThanOrEqual(listsMax)
  })

  it('takes the whole list in one request when its pages expire', async () => {
    for (let n = 0; n < 700; n += 1) server.store.create(QUEUES, queue(`q${n}`))
    server.listFaults = [{ kind: 'expire' }]
    await reflect().synced()
    expect(agrees()).toBe(true)
    expect(server.requests.filter(request => request.query.get('limit') === '0')).toHaveLength(1)
  })

  it('does not storm a server that refuses every watch', async () => {
    server.watchFaults = Array.from({ length: 40 }, () => ({ kind: 'gone-http' as const }))
    await reflect().synced()
    const startMs = clock.now()
    await until(() => clock.now() - startMs > 30_000)
    // 500, 1000, 2000, 4000, 5000, 5000, … ms, each at least halved by the jitter.
    expect(server.lists).toBeLessThanOrEqual(16)
  })

  it('keeps its resume point while the server cannot be reached', async () => {
    server.watchFaults = Array.from({ length: 8 }, () => ({ kind: 'drop' as const, after: 0 }))
    await reflect().synced()
    server.store.create(QUEUES, queue('a'))
    await until(agrees)
    expect(server.watches).toBeGreaterThanOrEqual(9)
    expect(server.lists).toBe(1)
  })

  it('gives up a resume point that keeps failing', async () => {
    server.watchFaults = Array.from({ length: 4 }, () => ({ kind: 'error-event' as const, after: 0 }))
    await reflect().synced()
    await until(() => server.lists === 2)
  })
})

describe('Reflector under any faults', () => {
  const after = fc.nat(3)
  const watchFault = fc.oneof<fc.Arbitrary<WatchFault>[]>(
    fc.record({ kind: fc.constant('refuse'), status: fc.constantFrom(403, 429, 500, 503) }),
    fc.record({ kind: fc.constant('gone-http') }),
    fc.record({ kind: fc.constantFrom('gone-event', 'error-event', 'drop', 'end', 'garbage', 'half-open'), after }),
    fc.record({ kind: fc.constant('cut'), after, clean: fc.boolean() }),
    fc.record({ kind: fc.constantFrom('duplicate', 'replay', 'reorder', 'slow') }),
  )
  const listFault = fc.oneof<fc.Arbitrary<ListFault>[]>(
    fc.record({ kind: fc.constant('refuse'), status: fc.constantFrom(403, 429, 500) }),
    fc.record({ kind: fc.constantFrom('drop', 'expire', 'half-open') }),
  )
  const write = fc.record({
    do: fc.constantFrom('put', 'put', 'put', 'delete', 'compact', 'bookmark', 'wait'),
    name: fc.constantFrom('a', 'b', 'c'),
  })

  async function run(writes: { do: string; name: string }[]): Promise<void> {
    let n = 0
    for (const step of writes) {
      const exists = server.store.get(QUEUES, `ns/${step.name}`) !== undefined
      n += 1
      if (step.do === 'put' && exists) server.store.update(QUEUES, queue(step.name, { n }))
      else if (step.do === 'put') server.store.create(QUEUES, queue(step.name))
      else if (step.do === 'delete' && exists) server.store.delete(QUEUES, `ns/${step.name}`)
      else if (step.do === 'compact') server.store.compact()
      else if (step.do === 'bookmark') server.bookmark()
      else await new Promise(resolve => setTimeout(resolve, 1))
    }
  }

  it('ends equal to the server, tells every difference once, and lists a bounded number of times', async () => {
    await fc.assert(
      fc
        .asyncProperty(
          fc.array(watchFault, { maxLength: 5 }),
          fc.array(listFault, { maxLength: 3 }),
          fc.array(write, { maxLength: 25 }),
          async (watchFaults, listFaults, writes) => {
            server.watchFaults = [...watchFaults]
            server.listFaults = [...listFaults]
            const told = new Map<string, string>()
            const wrong: string[] = []
            reflect().subscribe(change => {
              const { name, uid } = change.object.metadata
              const before = told.get(name)
              if (before !== (change.type === 'added' ? undefined : uid)) wrong.push(`${change.type} ${name} ${uid}`)
              if (change.type === 'deleted') told.delete(name)
              else told.set(name, uid ?? '')
            })
            await run(writes)
            server.heal()
            await until(() => reflector?.hasSynced === true && agrees())
            const held = (reflector?.list('') ?? []).map(({ metadata: m }) => [m.name, m.uid])
            expect(Object.fromEntries(told)).toEqual(Object.fromEntries(held))
            expect(wrong).toEqual([])
            const compactions = writes.filter(step => step.do === 'compact').length
            expect(server.lists).toBeLessThanOrEqual(3 + watchFaults.length + listFaults.length + compactions)
          },
        )
        .beforeEach(async () => {
          await reflector?.stop()
          await server.stop()
          server = new FakeApiServer()
          address = await server.start()
        }),
      { numRuns: 40 },
    )
  })
})
