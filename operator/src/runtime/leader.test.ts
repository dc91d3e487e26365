/** Two electors over one Lease: at most one writes at a time, and a successor comes soon. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock, settle } from '../../test/manual-clock.ts'
import { createLog } from '../log.ts'
import { LEADER_TIMINGS, LeaderElector, type Lease, type LeaseClient } from './leader.ts'

/** A Lease with compare-and-swap, which can refuse or swallow requests of one elector. */
class LeaseStore {
  lease: Lease | undefined
  #version = 0
  readonly broken = new Map<string, 'refuse' | 'hang'>()

  client(identity: string): LeaseClient {
    const weather = () => {
      const fault = this.broken.get(identity)
      if (fault === 'refuse') return Promise.reject(new Error('unreachable'))
      return fault === 'hang' ? new Promise<never>(() => {}) : Promise.resolve()
    }
    return {
      get: () => weather().then(() => this.lease),
      put: async lease => {
        await weather()
        if (lease.resourceVersion !== this.lease?.resourceVersion) throw new Error('conflict')
        this.#version += 1
        this.lease = { ...lease, resourceVersion: `${this.#version}` }
        return this.lease
      },
    }
  }
}

class World {
  readonly clock = new ManualClock()
  readonly store = new LeaseStore()
  readonly writers = new Set<string>()
  readonly log: string[] = []
  readonly ends = new Map<string, Promise<string>>()

  elector(identity: string, stepDownMs = 0): LeaderElector {
    const elector = new LeaderElector({
      client: this.store.client(identity),
      identity,
      timings: LEADER_TIMINGS,
      clock: this.clock,
      random: () => 0.5,
      log: createLog('error', { write: () => {} }),
      lead: () => {
        this.writers.add(identity)
        this.log.push(`${identity} leads`)
      },
      stepDown: async () => {
        if (stepDownMs > 0) await new Promise<void>(resolve => this.clock.after(stepDownMs, resolve))
        this.writers.delete(identity)
        this.log.push(`${identity} stopped`)
      },
    })
    this.ends.set(identity, elector.run())
    return elector
  }
}

describe('LeaderElector', () => {
  it('makes the first candidate the leader and keeps the second waiting', async () => {
    const world = new World()
    world.elector('a')
    await settle()
    world.elector('b')
    await world.clock.run(120_000, 500)
    expect(world.log).toEqual(['a leads'])
    expect(world.store.lease).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0, leaseDurationSeconds: 15 })
  })

  it('releases the lease at a stop, after its workers, so that the next leads within a retry', async () => {
    const world = new World()
    const first = world.elector('a', 1000)
    await settle()
    const second = world.elector('b')
    await world.clock.run(10_000, 500)
    first.stop()
    await world.clock.run(5000, 500)
    expect(world.log).toEqual(['a leads', 'a stopped', 'b leads'])
    expect(await world.ends.get('a')).toBe('stopped')
    expect(second.leads).toBe(true)
    expect(world.store.lease?.leaseTransitions).toBe(1)
  })

  it.each(['refuse', 'hang'] as const)('stops its workers before another may lead when requests %s', async fault => {
    const world = new World()
    world.elector('a', 4000)
    await settle()
    world.elector('b')
    await world.clock.run(10_000, 500)
    world.store.broken.set('a', fault)
    for (let passed = 0; passed < 30_000; passed += 500) {
      await world.clock.run(500, 500)
      expect(world.writers.size).toBeLessThanOrEqual(1)
    }
    expect(world.log).toEqual(['a leads', 'a stopped', 'b leads'])
    expect(await world.ends.get('a')).toBe('lost')
  })

  it('goes on after failed renewals that end before the deadline', async () => {
    const world = new World()
    world.elector('a')
    await settle()
    world.store.broken.set('a', 'refuse')
    await world.clock.run(8000, 500)
    world.store.broken.clear()
    await world.clock.run(60_000, 500)
    expect(world.log).toEqual(['a leads'])
  })

  it('steps down at once when it reads that another holds the lease', async () => {
    const world = new World()
    world.elector('a')
    await settle()
    world.store.lease = { ...(world.store.lease as Lease), holderIdentity: 'b', resourceVersion: 'x' }
    await world.clock.run(3000, 500)
    expect(world.log).toEqual(['a leads', 'a stopped'])
    expect(world.store.lease.holderIdentity).toBe('b')
  })

  it('creates the lease again when someone deletes it', async () => {
    const world = new World()
    world.elector('a')
    await settle()
    world.store.lease = undefined
    await world.clock.run(3000, 500)
    expect(world.store.lease).toMatchObject({ holderIdentity: 'a' })
    expect(world.log).toEqual(['a leads'])
  })

  it('ends a campaign at a stop, and leaves no timer', async () => {
    const world = new World()
    world.elector('a')
    await settle()
    const waiting = world.elector('b')
    await settle()
    waiting.stop()
    expect(await world.ends.get('b')).toBe('stopped')
    expect(world.store.lease?.holderIdentity).toBe('a')
  })

  it('never has two that write at once, whatever fails when, and has a leader again after all is well', async () => {
    const weather = fc.record({
      who: fc.constantFrom('a', 'b'),
      fault: fc.constantFrom('refuse', 'hang', undefined),
      forMs: fc.integer({ min: 500, max: 25_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(weather, { maxLength: 6 }), async changes => {
        const world = new World()
        const start = (who: string) => {
          world.elector(who, 3000)
          const again = () => start(who)
          void world.ends.get(who)?.then(again)
        }
        start('a')
        start('b')
        const pass = async (ms: number) => {
          for (let passed = 0; passed < ms; passed += 500) {
            await world.clock.run(500, 500)
            expect(world.writers.size).toBeLessThanOrEqual(1)
          }
        }
        for (const { who, fault, forMs } of changes) {
          if (fault === undefined) world.store.broken.delete(who)
          else world.store.broken.set(who, fault)
          await pass(forMs)
        }
        world.store.broken.clear()
        await pass(25_000)
        if (changes.every(change => change.fault !== 'hang')) expect(world.writers.size).toBe(1)
      }),
      { numRuns: 50 },
    )
  })
})
