/** Delayed messages that fall due while the disk is behind. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../../test/log/memory-disk.ts'
import { BrokerWorld } from '../../../test/support/broker-world.ts'

const FLAGS = { passive: false, durable: true, autoDelete: false, noWait: true }
const LARGE = Buffer.alloc(8_000_000)
const LARGE_MAX = 20

test('wait with the publishers until it has caught up', async () => {
  const disks: MemoryDisk[] = []
  let isRunning = true
  const world = new BrokerWorld({
    disk: () => {
      disks.push(new MemoryDisk(seeded(disks.length)))
      return disks.at(-1)!
    },
    eachTurn: () => {
      const busy = isRunning ? disks.filter(disk => disk.pending > 0) : []
      for (const disk of busy) disk.run()
      return busy.length > 0
    },
  })
  const client = await world.client()
  const delayed = { type: 'x-delayed-message', internal: false, arguments: { 'x-delayed-type': 'fanout' } }
  client.send(1, 'exchange.declare', { exchange: 'e', ...FLAGS, ...delayed })
  client.send(1, 'queue.declare', { queue: 'q', ...FLAGS, exclusive: false, arguments: {} })
  client.send(1, 'queue.bind', { queue: 'q', exchange: 'e', routingKey: '', noWait: true, arguments: {} })
  client.publish(1, { exchange: 'e', properties: { headers: { 'x-delay': 100 } } })
  await world.settle()
  isRunning = false
  for (let i = 0; i < LARGE_MAX && !world.broker.isLogBehind; i++) {
    client.publish(1, { routingKey: 'q', properties: { deliveryMode: 2 }, body: LARGE })
    await world.settle()
  }
  const held = world.broker.vhosts.get('/')!.exchange('e').held.delayed!
  await world.advance(200)
  expect([world.broker.isLogBehind, held.messagesReady]).toEqual([true, 1])
  isRunning = true
  await world.settle()
  await world.advance(20)
  expect([world.broker.isLogBehind, held.messagesReady]).toEqual([false, 0])
})
