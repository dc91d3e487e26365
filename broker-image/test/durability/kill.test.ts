/** `kill -9` at any moment loses no confirmed persistent message: fifty lives of one data folder, each ended under load. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { killDuringStart, startBroker, temporaryFolder } from '../interop/broker-process.ts'
import { contents, declareTopology, load, type Models, QUEUES, randomFrom } from './load.ts'
import { QueueModel } from './queue-model.ts'

const LIVES = 50
const LOAD_MS_MAX = 200
const START_MS_MAX = 400
/** A queue longer than this is halved, to keep the reading of it quick. */
const LENGTH_MAX = 2000

const folder = temporaryFolder()
afterAll(() => folder.remove())

test(`${LIVES} times killed under load, the queues hold what was confirmed and not acked, once and in order`, {
  timeout: 300_000,
}, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  console.log(`SEED=${seed}`)
  const models: Models = { left: new QueueModel(), right: new QueueModel() }
  const counter = { next: 1 }
  for (let life = 0; life < LIVES; life++) {
    const random = randomFrom(seed * LIVES + life)
    if (random() < 0.2) await killDuringStart(folder.path, random() * START_MS_MAX)
    const broker = await startBroker(folder.path)
    try {
      if (life === 0) await declareTopology(broker.amqpUrl)
      for (const queue of QUEUES) {
        const { found, acked } = await contents(broker.amqpUrl, queue, LENGTH_MAX)
        const wrong = models[queue].restarted(found).slice(0, 10)
        expect(wrong, `SEED=${seed}, life ${life}, queue ${queue}, ${found.length} messages`).toEqual([])
        for (const sequence of acked) models[queue].acked(sequence, Number.POSITIVE_INFINITY)
      }
      const killed = delay(random() * LOAD_MS_MAX).then(() => broker.kill())
      await load(broker.amqpUrl, models, counter, random)
      await killed
    } finally {
      await broker.kill()
    }
  }
  expect(counter.next).toBeGreaterThan(LIVES)
})

test('a clean stop exits with 0 and keeps every message', async () => {
  const broker = await startBroker(folder.path)
  const before = await Promise.all(QUEUES.map(queue => contents(broker.amqpUrl, queue)))
  const exitCode = await broker.stop()
  expect(exitCode, broker.output()).toBe(0)
  const again = await startBroker(folder.path)
  expect(await Promise.all(QUEUES.map(queue => contents(again.amqpUrl, queue)))).toEqual(before)
  await again.kill()
})
