/** A client that says more than the disk takes is not read from until the disk has caught up. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { TestClient } from '../../test/support/test-client.ts'
import { HELD_REPLIES_MAX, UNPLACED_BYTES_MAX, UNSTABLE_BYTES_MAX } from '../limits.ts'

const BODY = Buffer.alloc(1_048_576)
const SEGMENT_BYTES = 8 * BODY.length
const SIZES = {
  segmentBytes: SEGMENT_BYTES,
  metaSegmentBytes: SEGMENT_BYTES,
  residentBytesMax: 2 * UNSTABLE_BYTES_MAX,
  spareMax: 12,
  uncheckpointedMax: 1,
}

/** A world whose disks do nothing until `catchUp` is called. */
function hangingWorld() {
  const disks: MemoryDisk[] = []
  let isHanging = false
  const world = new BrokerWorld({
    logSizes: SIZES,
    disk: () => {
      const disk = new MemoryDisk(seeded(1))
      disks.push(disk)
      return disk
    },
    eachTurn: () => {
      const busy = isHanging ? [] : disks.filter(({ pending }) => pending > 0)
      for (const disk of busy) disk.run()
      return busy.length > 0
    },
  })
  const hang = (yes: boolean): void => {
    isHanging = yes
  }
  return { world, hang }
}

function declare(client: TestClient, queue: string): void {
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false, noWait: false, arguments: {} }
  client.send(1, 'queue.declare', { queue, ...flags })
}

const heard = (client: TestClient, name: string): number =>
  client.take().filter(each => each.kind === 'method' && each.method.name === name).length

test('more declares than may wait for their answers', async () => {
  const { world, hang } = hangingWorld()
  const client = await world.client()
  hang(true)
  for (let nth = 0; nth <= HELD_REPLIES_MAX; nth++) {
    expect(client.socket.isPaused, `after ${nth} declares`).toBe(false)
    declare(client, `queue ${nth}`)
  }
  expect(client.socket.isPaused).toBe(true)
  hang(false)
  await world.settle()
  expect(client.socket.isPaused).toBe(false)
  expect(heard(client, 'queue.declare-ok')).toBe(HELD_REPLIES_MAX + 1)
})

/** Lets so much through a queue that the log has files ready for more than may be on its way; answers how many messages. */
async function makeFilesReady(client: TestClient, settle: () => Promise<void>): Promise<number> {
  for (let i = 0; i < 100; i++) {
    client.publish(1, { routingKey: 'q', properties: { deliveryMode: 2 }, body: BODY })
    if (i % 10 === 9) await settle()
  }
  client.send(1, 'queue.purge', { queue: 'q', noWait: true })
  for (let i = 0; i < 20; i++) {
    client.publish(1, { routingKey: 'q', properties: { deliveryMode: 2 }, body: BODY })
    await settle()
  }
  return 120
}

test.each([
  ['may be on their way to the disk', UNSTABLE_BYTES_MAX, makeFilesReady],
  ['there are files for', UNPLACED_BYTES_MAX, async () => 0],
])('more bytes than %s; who publishes nothing is read from', async (_, bytesMax, prepare) => {
  const { world, hang } = hangingWorld()
  const [client, other] = [await world.client(), await world.client()]
  declare(client, 'q')
  client.send(1, 'confirm.select', { noWait: false })
  await world.settle()
  const before = await prepare(client, () => world.settle())
  client.take()
  hang(true)
  let published = 0
  while (!client.socket.isPaused && published * BODY.length <= 2 * UNSTABLE_BYTES_MAX) {
    client.publish(1, { routingKey: 'q', properties: { deliveryMode: 2 }, body: BODY })
    published++
    await world.settle()
  }
  expect(published * BODY.length).toBeGreaterThanOrEqual(bytesMax)
  expect((published - 2) * BODY.length).toBeLessThan(bytesMax)
  expect(other.socket.isPaused).toBe(false)
  expect(client.take()).toEqual([])
  hang(false)
  await world.settle()
  expect(client.socket.isPaused).toBe(false)
  const confirmed = client
    .take()
    .flatMap(each => (each.kind === 'method' && each.method.name === 'basic.ack' ? [each.method.args.deliveryTag] : []))
  expect(confirmed.at(-1)).toBe(before + published)
})
