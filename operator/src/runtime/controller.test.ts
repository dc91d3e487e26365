/** Which changes make which keys due, and when the first pass may start. */

import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { ManualClock, settle } from '../../test/manual-clock.ts'
import { MemorySource } from '../../test/memory-source.ts'
import { createLog } from '../log.ts'
import type { Kind, KubernetesObject, Metadata } from '../objects.ts'
import { Controller, type ControllerSpec, intentChanged } from './controller.ts'
import { runtimeMetrics } from './metrics.ts'
import { DONE } from './outcome.ts'
import type { ObjectSource } from './source.ts'
import { mergedSource, SourceSet } from './source-set.ts'

const QUEUE: Kind = { apiVersion: 'warren.dev/v1alpha1', kind: 'Queue' }
const CLUSTER: Kind = { apiVersion: 'warren.dev/v1alpha1', kind: 'BrokerCluster' }

let version = 1

function object(kind: Kind, name: string, metadata: Partial<Metadata> = {}, rest: object = {}): KubernetesObject {
  version += 1
  const own = { name, namespace: 'ns', uid: `${name}-uid`, generation: 1, resourceVersion: `${version}` }
  return { ...kind, metadata: { ...own, ...metadata }, ...rest }
}

function world(related: Partial<ControllerSpec['related'][number]> = {}) {
  const queues = new MemorySource()
  const clusters = new MemorySource()
  const sources = new SourceSet(kind => (kind.kind === 'Queue' ? queues : clusters))
  const passes: string[] = []
  const lines: string[] = []
  const spec: ControllerSpec = {
    kind: QUEUE,
    related: [
      {
        kind: CLUSTER,
        keys: () => queues.list('ns').map(q => ({ namespace: 'ns', name: q.metadata.name })),
        ...related,
      },
    ],
    reconcile: key => {
      passes.push(key.name)
      return Promise.resolve(DONE)
    },
  }
  const log = createLog('error', { write: line => void lines.push(line) })
  const metrics = runtimeMetrics(new Registry())
  const clock = new ManualClock()
  const controller = new Controller(spec, { sources, clock, random: () => 0, log, metrics, concurrency: 1 })
  const passed = async () => {
    await settle()
    return passes.splice(0)
  }
  return { controller, queues, clusters, passes, passed, lines, sources }
}

async function started(related: Parameters<typeof world>[0] = {}) {
  const w = world(related)
  void w.controller.start()
  w.queues.sync(object(QUEUE, 'a'))
  w.clusters.sync(object(CLUSTER, 'c'))
  await w.passed()
  return w
}

describe('Controller', () => {
  it('runs nothing before every source has synced', async () => {
    const { controller, queues, clusters, passed } = world()
    void controller.start()
    queues.sync(object(QUEUE, 'a'))
    expect(await passed()).toEqual([])
    clusters.sync()
    expect(await passed()).toEqual(['a'])
  })

  it('runs a user change before the initial list', async () => {
    const { controller, queues, clusters, passed } = world()
    void controller.start()
    queues.sync(object(QUEUE, 'a'), object(QUEUE, 'b'), object(QUEUE, 'c'))
    queues.cache.put(object(QUEUE, 'c', { generation: 2 }))
    queues.cache.put(object(QUEUE, 'new'))
    clusters.sync()
    expect(await passed()).toEqual(['c', 'new', 'a', 'b'])
  })

  it('does not wake itself by its own status writes', async () => {
    const { queues, passed } = await started()
    queues.cache.put(object(QUEUE, 'a', {}, { status: { messages: 1 } }))
    expect(await passed()).toEqual([])
    queues.cache.put(object(QUEUE, 'a', { generation: 2 }, { status: { messages: 1 } }))
    expect(await passed()).toEqual(['a'])
  })

  it('runs a key whose object was deleted', async () => {
    const { queues, passed } = await started()
    queues.cache.remove(object(QUEUE, 'a'))
    expect(await passed()).toEqual(['a'])
  })

  it('runs the keys that a related change makes due, unless its predicate says that it does not matter', async () => {
    const ready = (o: KubernetesObject) => (o.status as { ready?: boolean } | undefined)?.ready
    const { clusters, passed } = await started({ changed: (before, now) => ready(before) !== ready(now) })
    clusters.cache.put(object(CLUSTER, 'c', {}, { status: { ready: true } }))
    expect(await passed()).toEqual(['a'])
    clusters.cache.put(object(CLUSTER, 'c', {}, { status: { ready: true, messages: 7 } }))
    expect(await passed()).toEqual([])
    clusters.cache.remove(object(CLUSTER, 'c'))
    expect(await passed()).toEqual(['a'])
  })

  it('logs a mapping that raises, and goes on', async () => {
    const { queues, lines, passed } = await started({
      keys: () => {
        throw new Error('unexpected shape')
      },
    })
    expect(lines.join()).toContain('unexpected shape')
    queues.cache.put(object(QUEUE, 'a', { generation: 2 }))
    expect(await passed()).toEqual(['a'])
  })

  it('starts no workers when it was stopped before its sources synced', async () => {
    const { controller, queues, clusters, passed } = world()
    const starting = controller.start()
    await controller.stop()
    queues.sync(object(QUEUE, 'a'))
    clusters.sync()
    await starting
    expect(await passed()).toEqual([])
  })
})

describe('intentChanged', () => {
  const before = object(QUEUE, 'a', { labels: { x: '1' }, finalizers: ['f'] })
  const cases: [string, Partial<Metadata>][] = [
    ['generation', { generation: 2 }],
    ['labels', { labels: { x: '2' } }],
    ['annotations', { annotations: { y: '1' } }],
    ['finalizers', { finalizers: [] }],
    ['deletionTimestamp', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['uid', { uid: 'another' }],
  ]
  it.each(cases)('sees a change of %s', (_name, change) => {
    expect(intentChanged(before, { ...before, metadata: { ...before.metadata, ...change } })).toBe(true)
  })
})

describe('SourceSet', () => {
  it('makes one source a kind and reads from it', () => {
    const { queues, sources } = world()
    queues.sync(object(QUEUE, 'a'))
    expect(sources.source(QUEUE)).toBe(queues)
    expect(sources.cached.get({ ...QUEUE, namespace: 'ns', name: 'a' })?.metadata.name).toBe('a')
    expect(sources.cached.list(QUEUE, '')).toHaveLength(1)
    expect(sources.hasSynced).toBe(false)
  })

  it('refuses reads of unwatched kinds, and two selectors for one kind', () => {
    const { sources } = world()
    expect(() => sources.cached.list({ apiVersion: 'v1', kind: 'Secret' }, 'ns')).toThrow(
      'no controller watches v1/Secret',
    )
    expect(() => sources.source(QUEUE, { app: 'x' })).toThrow('two label selectors')
  })

  it('merges sources of several namespaces into one', async () => {
    const parts = [new MemorySource(), new MemorySource()] as const
    const merged: ObjectSource = mergedSource(parts)
    const told: string[] = []
    merged.subscribe(change => void told.push(change.object.metadata.name))
    parts[0].sync(object(QUEUE, 'a'))
    expect(merged.hasSynced).toBe(false)
    parts[1].sync(object(QUEUE, 'b', { namespace: 'other' }))
    await merged.synced()
    expect(merged.get('other', 'b')?.metadata.name).toBe('b')
    expect(merged.list('')).toHaveLength(2)
    expect(merged.list('ns')).toHaveLength(1)
    expect(told).toEqual(['a', 'b'])
  })
})
