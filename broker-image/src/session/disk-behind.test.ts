/** A client that says more than the disk takes is not read from until the disk has caught up. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { BrokerWorld } from '../../test/support/broker-world.ts'
import type { TestClient } from '../../test/support/test-client.ts'
import { HELD_REPLIES_MAX, UNSTABLE_BYTES_MAX } from '../limits.ts'

const BODY = Buffer.alloc(1_048_576)
const SEGMENT_BYTES = 8 * BODY.length
const SIZES = {
  segmentBytes: SEGMENT_BYTES,
  metaSegmentBytes: SEGMENT_BYTES,
  residentBytesMax: 2 * UNSTABLE_BYTES_MAX,
  spareMax: 1,
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

test('more bytes than may be on their way to the disk; who publishes nothing is read from', async () => {
  const { world, hang } = hangingWorld()
  const [client, other] = [await world.client(), await world.client()]
  declare(client, 'q')
  client.send(1, 'confirm.select', { noWait: false })
  await world.settle()
  client.take()
  hang(true)
  let published = 0
  while (!client.socket.isPaused && published * BODY.length <= 2 * UNSTABLE_BYTES_MAX) {
    client.publish(1, { routingKey: 'q', properties: { deliveryMode: 2 }, body: BODY })
    published++
    await world.settle()
  }
  expect(published * BODY.length).toBeGreaterThanOrEqual(UNSTABLE_BYTES_MAX)
  expect((published - 2) * BODY.length).toBeLessThan(UNSTABLE_BYTES_MAX)
  expect(other.socket.isPaused).toBe(false)
  expect(client.take()).toEqual([])
  hang(false)
  await world.settle()
  expect(client.socket.isPaused).toBe(false)
  const confirmed = client
    .take()
    .flatMap(each => (each.kind === 'method' && each.method.name === 'basic.ack' ? [each.method.args.deliveryTag] : []))
  expect(confirmed.at(-1)).toBe(published)
})
