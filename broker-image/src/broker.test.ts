/** What a node owes to its clients when it starts to go. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../test/log/memory-disk.ts'
import { BrokerWorld } from '../test/support/broker-world.ts'
import type { TestClient } from '../test/support/test-client.ts'
import type { FieldTable } from './wire/field-table.ts'

const declare = (client: TestClient, queue: string, args: FieldTable = {}, durable = true): void =>
  client.send(1, 'queue.declare', {
    queue,
    passive: false,
    durable,
    exclusive: false,
    autoDelete: false,
    noWait: false,
    arguments: args,
  })

const names = (client: TestClient): string[] =>
  client.take().map(heard => (heard.kind === 'method' ? heard.method.name : heard.kind))

/** A world whose disks do as much as they are told. */
function slowWorld() {
  const disks: { [name: string]: MemoryDisk } = {}
  const world = new BrokerWorld({
    disk: name => {
      const disk = new MemoryDisk(seeded(1))
      disks[name] = disk
      return disk
    },
  })
  const run = async (...of: string[]): Promise<void> => {
    for (let round = 0; round < 4; round++) {
      for (const name of of) disks[name]!.run()
      await world.settle()
    }
  }
  return { world, run, disks }
}

async function publisher(world: BrokerWorld, run: (...of: string[]) => Promise<void>): Promise<TestClient> {
  const client = await world.client()
  declare(client, 'q')
  client.send(1, 'confirm.select', { noWait: false })
  await world.settle()
  await run('meta', 'queues')
  client.take()
  return client
}

const message = { routingKey: 'q', properties: { deliveryMode: 2 }, body: 'x' }

test('a publish that was taken is confirmed before the connection is closed', async () => {
  const { world, run } = slowWorld()
  const client = await publisher(world, run)
  client.publish(1, message)
  const closed = world.broker.close()
  await world.settle()
  expect(names(client)).toEqual([])
  await run('meta', 'queues', 'transient')
  await closed
  expect(names(client)).toEqual(['basic.ack', 'connection.close'])
})

test('a broker whose disk is full closes without a confirm', async () => {
  const { world, run, disks } = slowWorld()
  const client = await publisher(world, run)
  disks['queues']!.failAt = disks['queues']!.calls + 1
  disks['queues']!.failCode = 'ENOSPC'
  client.publish(1, message)
  const closed = expect(world.broker.close()).resolves.toBeUndefined()
  await run('meta', 'queues', 'transient')
  await closed
  expect(names(client).at(-1)).toBe('connection.close')
})

test('what falls due after the end harms nobody', async () => {
  const { world, run } = slowWorld()
  const client = await publisher(world, run)
  declare(client, 'short', { 'x-message-ttl': 100, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q' })
  client.publish(1, { ...message, routingKey: 'short' })
  const closed = world.broker.close()
  await run('meta', 'queues', 'transient')
  await closed
  await world.advance(200)
  world.restart()
  expect(world.broker.vhosts.get('/')!.queue('short', null).messagesReady).toBe(1)
})

test('nobody comes in while the broker goes', async () => {
  const { world } = slowWorld()
  const late = world.socket()
  void world.broker.close()
  late.login()
  await world.settle()
  expect(names(late).at(-1)).toBe('connection.close')
})

test('a confirm waits for the definition of its queue, and for no later one', async () => {
  const { world, run, disks } = slowWorld()
  const client = await publisher(world, run)
  const other = await world.client()
  declare(client, 'new')
  client.publish(1, { ...message, routingKey: 'new' })
  await world.settle()
  await run('queues')
  expect(names(client)).toEqual([])
  for (let i = 0; i < 5; i++) {
    declare(other, `another ${i}`)
    await world.settle()
    disks['meta']!.step()
    await world.settle()
  }
  expect(names(client)).toEqual(['queue.declare-ok', 'basic.ack'])
})

test('a commit is answered once its publishes and acknowledgements are on disk, also before a stop', async () => {
  const { world, run } = slowWorld()
  const client = await publisher(world, run)
  client.publish(1, message)
  await world.settle()
  await run('meta', 'queues')
  client.send(1, 'channel.close', { replyCode: 200, replyText: '', classId: 0, methodId: 0 })
  client.send(1, 'channel.open', {})
  client.send(1, 'tx.select', {})
  client.send(1, 'basic.get', { queue: 'q', noAck: false })
  await world.settle()
  client.take()
  const steps = [
    () => client.publish(1, message),
    () => client.send(1, 'basic.ack', { deliveryTag: 1, multiple: false }),
  ]
  for (const step of steps) {
    step()
    client.send(1, 'tx.commit', {})
    await world.settle()
    expect(names(client)).toEqual([])
    await run('queues')
    expect(names(client)).toEqual(['tx.commit-ok'])
  }
  client.publish(1, message)
  client.send(1, 'tx.commit', {})
  const closed = world.broker.close()
  await run('meta', 'queues', 'transient')
  await closed
  expect(names(client)).toEqual(['tx.commit-ok', 'connection.close'])
})

test('a transient queue waits for no disk, whatever the messages ask for and the disk is doing', async () => {
  const { world, run } = slowWorld()
  const client = await publisher(world, run)
  declare(client, 'transient', {}, false)
  for (const deliveryMode of [1, 2]) {
    client.publish(1, { routingKey: 'transient', properties: { deliveryMode }, body: 'x' })
  }
  client.publish(1, message)
  await world.settle()
  client.send(1, 'basic.get', { queue: 'transient', noAck: true })
  client.send(1, 'basic.get', { queue: 'transient', noAck: true })
  await world.settle()
  expect(names(client)).toEqual(['queue.declare-ok', 'basic.ack', 'basic.get-ok', 'basic.get-ok'])
  await run('queues')
  expect(names(client)).toEqual(['basic.ack'])
})

test('a node whose virtual hosts were deleted is not given the default user again', async () => {
  const world = new BrokerWorld()
  const { definitions } = world.broker
  definitions.put('user', { ...definitions.get('user', ['guest'])!, name: 'ann' }, { durable: true })
  definitions.remove('user', ['guest'])
  world.broker.deleteVhost('/')
  await world.settle()
  world.restart()
  expect([...world.broker.vhosts.keys()]).toEqual([])
  expect(world.broker.definitions.list('user').map(({ name }) => name)).toEqual(['ann'])
})
