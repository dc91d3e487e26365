/** What becomes an Event on the server, and what is only counted. */

import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { ManualClock, settle } from '../../test/manual-clock.ts'
import { createLog } from '../log.ts'
import type { KubernetesObject, Objects } from '../objects.ts'
import { ObjectEvents } from './events.ts'
import { runtimeMetrics } from './metrics.ts'

const QUEUE: KubernetesObject = {
  apiVersion: 'warren.dev/v1alpha1',
  kind: 'Queue',
  metadata: { name: 'orders', namespace: 'shop', uid: 'u1' },
}

function recorder(apply: (object: KubernetesObject) => Promise<void> = () => Promise.resolve()) {
  const written: KubernetesObject[] = []
  const objects = {
    apply: async (object: KubernetesObject) => {
      await apply(object)
      written.push(object)
      return object
    },
  } as unknown as Objects
  const clock = new ManualClock()
  const metrics = runtimeMetrics(new Registry())
  const log = createLog('error', { write: () => {} })
  return { written, clock, metrics, events: new ObjectEvents({ objects, clock, metrics, log, host: 'pod-1' }) }
}

describe('ObjectEvents', () => {
  it('writes an event that names its object, in the namespace of the object', async () => {
    const { written, events } = recorder()
    events.record(QUEUE, 'Warning', 'ClusterNotReady', 'cluster orders has no ready node')
    await events.flushed()
    expect(written[0]).toMatchObject({
      metadata: { namespace: 'shop', name: expect.stringMatching(/^orders\.[0-9a-f]{16}$/) },
      involvedObject: { kind: 'Queue', name: 'orders', uid: 'u1' },
      type: 'Warning',
      reason: 'ClusterNotReady',
      count: 1,
      firstTimestamp: '2023-11-14T22:13:20Z',
    })
  })

  it('counts repeats, and writes them as the same event after a quiet time', async () => {
    const { written, clock, events } = recorder()
    for (let n = 0; n < 5; n += 1) events.record(QUEUE, 'Normal', 'Created', 'declared')
    await events.flushed()
    clock.advance(60_000)
    events.record(QUEUE, 'Normal', 'Created', 'declared')
    await events.flushed()
    expect(written.map(event => event['count'])).toEqual([1, 6])
    expect(written[0]?.metadata.name).toBe(written[1]?.metadata.name)
  })

  it('tells different messages and different objects apart', async () => {
    const { written, events } = recorder()
    events.record(QUEUE, 'Normal', 'Created', 'declared')
    events.record(QUEUE, 'Normal', 'Created', 'declared again')
    events.record({ ...QUEUE, metadata: { ...QUEUE.metadata, uid: 'u2' } }, 'Normal', 'Created', 'declared')
    await events.flushed()
    expect(new Set(written.map(event => event.metadata.name)).size).toBe(3)
  })

  it('drops and counts what cannot be written, and what is too much', async () => {
    const gate = Promise.withResolvers<void>()
    const { written, metrics, events } = recorder(() => gate.promise.then(() => Promise.reject(new Error('503'))))
    for (let n = 0; n < 300; n += 1) events.record(QUEUE, 'Normal', 'Created', `declared ${n}`)
    gate.resolve()
    await events.flushed()
    await settle()
    expect(written).toEqual([])
    expect((await metrics.eventsDropped.get()).values[0]?.value).toBe(300)
  })

  it('cuts a message to what the API takes, at a whole character', async () => {
    const { written, events } = recorder()
    events.record(QUEUE, 'Normal', 'Long', 'ä'.repeat(1000))
    await events.flushed()
    const message = written[0]?.['message'] as string
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024)
    expect(message).toMatch(/^ä+…$/)
  })
})
