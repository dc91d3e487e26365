/** What the key queue promises: coalescing, one worker a key, priorities, back-off, delays, no lost add. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../test/manual-clock.ts'
import { KeyQueue, type Priority } from './key-queue.ts'
import type { Key } from './outcome.ts'

const key = (name: string): Key => ({ namespace: 'ns', name })

function queueWith(clock = new ManualClock(), keysMax = 1000) {
  const queue = new KeyQueue({ clock, random: () => 1, backoff: { baseMs: 100, maxMs: 1000 }, keysMax })
  return { clock, queue }
}

/** Keys handed out until none waits, each ended at once. */
async function drain(queue: KeyQueue): Promise<string[]> {
  const taken: string[] = []
  while (queue.depth > 0) {
    const next = await queue.take()
    if (next === undefined) break
    taken.push(next.name)
    queue.done(next)
  }
  return taken
}

describe('KeyQueue', () => {
  it('hands out a key once, however often it was added', async () => {
    const { queue } = queueWith()
    for (let n = 0; n < 5; n += 1) queue.add(key('a'))
    expect(await drain(queue)).toEqual(['a'])
  })

  it('runs a key once more when it was added while it ran', async () => {
    const { queue } = queueWith()
    queue.add(key('a'))
    const running = await queue.take()
    queue.add(key('a'))
    queue.add(key('a'))
    expect(queue.depth).toBe(0)
    queue.done(running as Key)
    expect(await drain(queue)).toEqual(['a'])
  })

  it('takes the high line first, and moves a waiting low key up when it is added high', async () => {
    const { queue } = queueWith()
    queue.add(key('a'), 'low')
    queue.add(key('b'), 'low')
    queue.add(key('c'), 'high')
    queue.add(key('b'), 'high')
    expect(await drain(queue)).toEqual(['c', 'b', 'a'])
  })

  it('serves the low line now and then while the high line never empties', async () => {
    const { queue } = queueWith()
    queue.add(key('low'), 'low')
    queue.add(key('high'))
    for (let n = 0; n < 20; n += 1) {
      const next = (await queue.take()) as Key
      queue.add(key(n % 2 === 0 ? 'high' : 'other'))
      queue.done(next)
      if (next.name === 'low') return
    }
    expect.unreachable('the low key starved')
  })

  it('hands a key to a worker that waits already', async () => {
    const { queue } = queueWith()
    const waiting = queue.take()
    queue.add(key('a'))
    expect(await waiting).toEqual(key('a'))
  })

  it('doubles the back-off of one key up to the cap, and starts anew after forget', () => {
    const { queue } = queueWith()
    expect([1, 2, 3, 4, 5, 6].map(() => queue.retry(key('a')))).toEqual([100, 200, 400, 800, 1000, 1000])
    expect(queue.retry(key('b'))).toBe(100)
    queue.forget(key('a'))
    expect(queue.retry(key('a'))).toBe(100)
  })

  it('keeps the earliest of several delays', async () => {
    const { clock, queue } = queueWith()
    queue.addAfter(key('a'), 500)
    queue.addAfter(key('a'), 900)
    queue.addAfter(key('a'), 200)
    clock.advance(199)
    expect(queue.depth).toBe(0)
    clock.advance(1)
    expect(await drain(queue)).toEqual(['a'])
    clock.advance(1000)
    expect(queue.depth).toBe(0)
  })

  it('remembers nothing of a key that ended well', async () => {
    const { queue } = queueWith(new ManualClock(), 1)
    for (const name of ['a', 'b', 'c']) {
      queue.add(key(name))
      expect(await drain(queue)).toEqual([name])
    }
  })

  it('refuses more keys than its bound', () => {
    const { queue } = queueWith(new ManualClock(), 1)
    queue.add(key('a'))
    expect(() => queue.add(key('b'))).toThrow('more than 1 keys')
  })

  it('answers waiting and later workers with undefined after shutdown, and cancels delays', async () => {
    const { clock, queue } = queueWith()
    const waiting = queue.take()
    queue.addAfter(key('a'), 10)
    queue.shutdown()
    expect(await waiting).toBeUndefined()
    expect(clock.pending).toBe(0)
    queue.add(key('b'))
    expect(await queue.take()).toBeUndefined()
  })
})

describe('KeyQueue under any order of calls', () => {
  const names = ['a', 'b', 'c', 'd']
  const name = fc.constantFrom(...names)
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), name, priority: fc.constantFrom<Priority>('high', 'low') }),
    fc.record({ do: fc.constant('after' as const), name, ms: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ do: fc.constant('take' as const) }),
    fc.record({ do: fc.constant('done' as const), pick: fc.nat(7) }),
    fc.record({ do: fc.constant('retry' as const), pick: fc.nat(7) }),
    fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 40 }) }),
  )

  it('never runs one key twice at once and never loses an add', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        const { clock, queue } = queueWith()
        const running: Key[] = []
        /** Names added since their last pass began. */
        const owed = new Set<string>()
        const begin = (next: Key | undefined) => {
          if (next === undefined) return
          expect(running.map(k => k.name)).not.toContain(next.name)
          running.push(next)
          owed.delete(next.name)
        }
        for (const s of steps) {
          if (s.do === 'add') {
            owed.add(s.name)
            queue.add(key(s.name), s.priority)
          } else if (s.do === 'after') {
            owed.add(s.name)
            queue.addAfter(key(s.name), s.ms)
          } else if (s.do === 'take') {
            if (queue.depth > 0) begin(await queue.take())
          } else if (s.do === 'advance') {
            clock.advance(s.ms)
          } else {
            const [ended] = running.splice(s.pick, 1)
            if (ended === undefined) continue
            if (s.do === 'retry') {
              owed.add(ended.name)
              queue.retry(ended)
            }
            queue.done(ended)
          }
        }
        for (const ended of running.splice(0)) queue.done(ended)
        clock.advance(10_000)
        while (queue.depth > 0) {
          begin(await queue.take())
          for (const ended of running.splice(0)) queue.done(ended)
        }
        expect([...owed]).toEqual([])
      }),
    )
  })

  it('never runs one key twice at once under any interleaving of workers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(name, { minLength: 1, maxLength: 20 }), async (scheduler, adds) => {
        const { queue } = queueWith()
        const running = new Set<string>()
        const seen = new Set<string>()
        const worker = async () => {
          for (let next = await queue.take(); next !== undefined; next = await queue.take()) {
            expect(running.has(next.name)).toBe(false)
            running.add(next.name)
            seen.add(next.name)
            await scheduler.schedule(Promise.resolve(), `pass ${next.name}`)
            running.delete(next.name)
            queue.done(next)
          }
        }
        const workers = [worker(), worker(), worker()]
        const adding = adds.map(n => scheduler.schedule(Promise.resolve(), `add ${n}`).then(() => queue.add(key(n))))
        await scheduler.waitFor(Promise.all(adding))
        await scheduler.waitIdle()
        queue.shutdown()
        await Promise.all(workers)
        expect([...seen].sort()).toEqual([...new Set(adds)].sort())
      }),
      { numRuns: 50 },
    )
  })
})
