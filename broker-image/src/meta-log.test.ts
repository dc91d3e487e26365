/** Definitions on a disk that loses what was not synced. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../test/log/memory-disk.ts'
import type { UserDefinition } from './definitions/model.ts'
import { SegmentTable } from './log/segment.ts'
import { MetaLog } from './meta-log.ts'
import { Turn } from './turn.ts'

const SEGMENT_BYTES = 16_384

function open(disk: MemoryDisk) {
  const segments = new SegmentTable({ segmentBytes: SEGMENT_BYTES, residentBytesMax: 4 * SEGMENT_BYTES })
  const options = { shardId: 0, segments, now: () => 1, newIdentity: () => 7, segmentBytes: SEGMENT_BYTES }
  return new MetaLog(disk, options, new Turn(() => {}))
}

const user = (name: string): UserDefinition => ({
  name,
  passwordHash: '',
  hashingAlgorithm: 'rabbit_password_hashing_sha256',
  tags: [],
  limits: {},
})

test('a change is told to be stable after its sync and not before, in order', () => {
  const disk = new MemoryDisk(seeded(1))
  const log = open(disk)
  const told: string[] = []
  log.definitions.whenStable(() => told.push('nothing to wait for'))
  log.definitions.put('user', user('a'), { durable: true })
  log.definitions.whenStable(() => told.push('a'))
  log.commit()
  log.definitions.put('user', user('b'), { durable: true })
  log.definitions.whenStable(() => told.push('b'))
  expect(told).toEqual(['nothing to wait for'])
  expect(log.isStable).toBe(false)
  disk.run()
  expect(told).toEqual(['nothing to wait for', 'a'])
  log.commit()
  disk.run()
  expect(told).toEqual(['nothing to wait for', 'a', 'b'])
  expect(log.isStable).toBe(true)
})

test('after a crash every stable change is there, and none that was removed', () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new MemoryDisk(seeded(seed))
    const log = open(disk)
    for (let i = 0; i < 50; i++) log.definitions.put('user', user(`user ${i}`), { durable: true })
    log.definitions.put('user', user('transient'), { durable: false })
    log.definitions.remove('user', ['user 7'])
    log.commit()
    disk.run()
    const { definitions } = open(disk.crash())
    expect(definitions.count('user')).toBe(49)
    expect(definitions.get('user', ['user 7'])).toBeUndefined()
    expect(definitions.get('user', ['user 8'])).toEqual(user('user 8'))
  }
})

test('a log that was closed opens from its checkpoint', async () => {
  const disk = new MemoryDisk(seeded(1))
  const log = open(disk)
  for (let i = 0; i < 500; i++) log.definitions.put('user', user(`user ${i}`), { durable: true })
  const closed = log.close()
  disk.run()
  await closed
  expect(open(disk.crash()).definitions.count('user')).toBe(500)
})
