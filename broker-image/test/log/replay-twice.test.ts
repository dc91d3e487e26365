/** The log decides alone: engines that replay it at other times, with other sizes and file names, hold the same. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FieldTable } from '../../src/wire/field-table.ts'
import type { TestClient } from '../support/test-client.ts'
import { batchEnds, cutAt, Engine, type NodeSizes, renumbered } from './engines.ts'

const HOUR_MS = 3_600_000
const ROOMY: NodeSizes = { residentBytesMax: 100_000_000, spareMax: 1, uncheckpointedMax: 1_000_000 }
const TIGHT: NodeSizes = { residentBytesMax: 3 * 16_384, spareMax: 2, uncheckpointedMax: 1 }
/** Batch boundaries looked at in one history. */
const ENDS_MAX = 8

const DEAD = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
const QUEUES: { readonly [name: string]: { readonly [argument: string]: string | number | boolean } } = {
  dead: {},
  plain: {},
  ordered: { 'x-max-priority': 5 },
  brief: { 'x-message-ttl': HOUR_MS, ...DEAD },
  short: { 'x-max-length': 8, ...DEAD },
  limited: { 'x-delivery-limit': 2, ...DEAD },
  unique: { 'x-message-deduplication': true, 'x-deduplication-header': 'key' },
  waiting: {
    'x-dead-letter-exchange': 'none',
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  },
}
const NAMES = Object.keys(QUEUES)
/** The last three keep messages of their own. What was delayed goes to one queue, in which nothing has an age. */
const EXCHANGES: { readonly [name: string]: readonly [type: string, args: FieldTable] } = {
  some: ['topic', {}],
  later: ['x-delayed-message', { 'x-delayed-type': 'fanout' }],
  once: ['x-message-deduplication', { 'x-cache-size': 5, 'x-deduplication-header': 'key' }],
  recent: ['x-recent-history', { 'x-recent-history-length': 4 }],
}
const KEEPING = ['later', 'once', 'recent']
/** What was with a client is ready after a start, so that a queue may be too long: messages go, and become dead letters. */
const DECIDED_AT_START = ['short', 'dead']

type Step =
  | { do: 'publish'; queues: string[]; count: number; bytes: number; priority: number; ttlMs: number; key: number }
  | { do: 'keep'; exchange: string; count: number; delayMs: number; key: number }
  | { do: 'take'; queue: string; count: number; fates: ('ack' | 'requeue' | 'reject' | 'keep')[] }
  | { do: 'purge'; queue: string }
  | { do: 'wait'; ms: number }

const name = fc.constantFrom(...NAMES)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('publish' as const),
        queues: fc.subarray(NAMES, { minLength: 1 }),
        count: fc.integer({ min: 1, max: 6 }),
        bytes: fc.integer({ min: 0, max: 2_000 }),
        priority: fc.nat(7),
        ttlMs: fc.constantFrom(0, 0, 1_000, HOUR_MS / 2, 5 * HOUR_MS),
        key: fc.nat(7),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('keep' as const),
        exchange: fc.constantFrom(...KEEPING),
        count: fc.integer({ min: 1, max: 4 }),
        delayMs: fc.constantFrom(500, HOUR_MS / 4, 3 * HOUR_MS),
        key: fc.nat(7),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('take' as const),
        queue: name,
        count: fc.integer({ min: 1, max: 8 }),
        fates: fc.array(fc.constantFrom('ack', 'ack', 'requeue', 'reject', 'keep'), { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), queue: name }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(500, HOUR_MS / 3) }) },
  ),
  { minLength: 5, maxLength: 30, size: 'max' },
)

async function declared(leader: Engine): Promise<TestClient> {
  const client = await leader.world.client()
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: true }
  for (const [exchange, [type, args]] of Object.entries(EXCHANGES)) {
    const kind = { exchange, type, passive: false, durable: true, autoDelete: false, internal: false }
    client.send(1, 'exchange.declare', { ...kind, noWait: true, arguments: args })
  }
  for (const [queue, args] of Object.entries(QUEUES)) {
    client.send(1, 'queue.declare', { queue, ...flags, arguments: args })
    client.send(1, 'queue.bind', { queue, exchange: 'some', routingKey: `#.${queue}.#`, noWait: true, arguments: {} })
  }
  for (const exchange of KEEPING) {
    client.send(1, 'queue.bind', { queue: 'plain', exchange, routingKey: '', noWait: true, arguments: {} })
  }
  await leader.world.settle()
  return client
}

async function play(leader: Engine, client: TestClient, step: Step): Promise<void> {
  if (step.do === 'publish') publish(client, step)
  else if (step.do === 'keep') keep(client, step)
  else if (step.do === 'take') await take(leader, client, step)
  else if (step.do === 'purge') client.send(1, 'queue.purge', { queue: step.queue, noWait: true })
  else leader.world.clock.advance(step.ms)
  await leader.world.settle()
  client.take()
}

function publish(client: TestClient, step: Extract<Step, { do: 'publish' }>): void {
  const { queues, count, bytes, priority, ttlMs, key } = step
  const properties = { deliveryMode: 2, priority, ...(ttlMs > 0 ? { expiration: String(ttlMs) } : {}) }
  for (let i = 0; i < count; i++) {
    const headers = { key: key + i }
    const body = Buffer.alloc(bytes, i)
    client.publish(1, { exchange: 'some', routingKey: queues.join('.'), properties: { ...properties, headers }, body })
  }
}

function keep(client: TestClient, { exchange, count, delayMs, key }: Extract<Step, { do: 'keep' }>): void {
  for (let i = 0; i < count; i++) {
    const headers = { 'x-delay': delayMs * (count - i), key: key + i }
    client.publish(1, { exchange, properties: { deliveryMode: 2, headers }, body: Buffer.alloc(100, i) })
  }
}

async function take(leader: Engine, client: TestClient, step: Extract<Step, { do: 'take' }>): Promise<void> {
  const { queue, count, fates } = step
  for (let i = 0; i < count; i++) client.send(1, 'basic.get', { queue, noAck: false })
  await leader.world.settle()
  let at = 0
  for (const heard of client.take()) {
    if (heard.kind !== 'method' || heard.method.name !== 'basic.get-ok') continue
    const { deliveryTag } = heard.method.args
    const fate = fates[at++ % fates.length]!
    if (fate === 'ack') client.send(1, 'basic.ack', { deliveryTag, multiple: false })
    else if (fate !== 'keep') client.send(1, 'basic.reject', { deliveryTag, requeue: fate === 'requeue' })
  }
}

/** Replays one log twice, far apart in all that a node has of its own, and compares what comes of it. */
async function compare(leader: Engine, nowMs: number, lsn: number): Promise<{ one: Engine; two: Engine }> {
  const [one, two] = [new Engine(ROOMY, 1), new Engine({ ...ROOMY, spareMax: 7, uncheckpointedMax: 3 }, 2)]
  const disks = { meta: leader.disk('meta').copy(), queues: cutAt(leader.disk('queues'), lsn) }
  one.startOn(disks, nowMs)
  two.startOn(
    { meta: leader.disk('meta').copy(), queues: renumbered(cutAt(leader.disk('queues'), lsn)) },
    nowMs + HOUR_MS,
  )
  // A start may append what a queue that is too long by now must drop.
  expect(one.world.broker.log.lastLsn).toBeGreaterThanOrEqual(lsn)
  expect(two.world.broker.log.lastLsn).toBe(one.world.broker.log.lastLsn)
  expect(two.state()).toEqual(one.state())
  return { one, two }
}

/** Deadlines show by what is left when both clocks stand at the same later time. */
async function compareDeadlines(engines: { one: Engine; two: Engine }, nowMs: number): Promise<void> {
  for (const hours of [2, 4, 7]) {
    const left = []
    for (const { world, queues } of [engines.one, engines.two]) {
      await world.advance(nowMs + hours * HOUR_MS - world.clock.now())
      left.push(queues.map(queue => [queue.name, queue.name === 'dead' ? queue.messagesReady : ready(queue)]))
    }
    expect(left[1]).toEqual(left[0])
  }
}

function ready({ ready }: Engine['queues'][number]): number[] {
  const seqs: number[] = []
  ready.each(() => seqs.push(ready.seq))
  return seqs
}

function some<T>(all: T[]): T[] {
  const step = Math.max(1, Math.ceil(all.length / ENDS_MAX))
  return all.filter((_, at) => (all.length - 1 - at) % step === 0)
}

test.each([
  ['no checkpoint', ROOMY],
  ['checkpoints and cleaning', TIGHT],
])('two engines that replay one log hold the same at every end of a batch (%s)', async (_, sizes) => {
  await fc.assert(
    fc.asyncProperty(steps, async history => {
      const leader = new Engine(sizes)
      const client = await declared(leader)
      for (const step of history) await play(leader, client, step)
      const nowMs = leader.world.clock.now()
      for (const lsn of some(batchEnds(leader.disk('queues')))) {
        const engines = await compare(leader, nowMs, lsn)
        const orders = [engines.one, engines.two].map(engine => engine.queues.map(queue => engine.drain(queue)))
        expect(orders[1]).toEqual(orders[0])
      }
      const { lastLsn } = leader.world.broker.log
      if (batchEnds(leader.disk('queues')).at(-1) !== lastLsn) return
      const engines = await compare(leader, nowMs, lastLsn)
      for (const [i, queue] of leader.queues.entries()) {
        if (DECIDED_AT_START.includes(queue.name)) continue
        expect(engines.one.kept(engines.one.queues[i]!)).toEqual(leader.kept(queue))
      }
      await compareDeadlines(engines, nowMs)
    }),
    { numRuns: 12, endOnFailure: true },
  )
})
