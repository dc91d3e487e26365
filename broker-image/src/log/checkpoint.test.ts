/** Checkpoint files: round trips, and every damage found. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type CheckpointHeader,
  decodeCheckpoint,
  encodeCheckpoint,
  encodeQueueStates,
  encodeSnapshot,
} from './checkpoint.ts'
import { LogCorruptError, LogVersionError } from './errors.ts'

const u32 = fc.nat(0xffff_ffff)
const seq = fc.nat(Number.MAX_SAFE_INTEGER)
const pairs = fc.array(fc.tuple(seq, u32), { maxLength: 8 }).map(list => Float64Array.from(list.flat()))
const queues = fc.array(fc.record({ queueId: u32, nextSeq: seq, live: pairs, returned: pairs }), { maxLength: 8 })
const header: CheckpointHeader = {
  shardId: 3,
  identity: 77,
  lsn: 12_345,
  segments: [
    { baseLsn: 1, nextLsn: 100 },
    { baseLsn: 12_000, nextLsn: 12_346 },
  ],
}

test('queue states read back as they were written', () => {
  fc.assert(
    fc.property(queues, states => {
      const read = decodeCheckpoint(encodeCheckpoint(header, encodeQueueStates(states)), 'checkpoint')
      expect(read).toEqual({ ...header, queues: states, snapshot: null })
    }),
  )
})

test('a snapshot reads back as it was written', () => {
  const read = decodeCheckpoint(encodeCheckpoint(header, encodeSnapshot(Buffer.from('users'))), 'checkpoint')
  expect(read).toEqual({ ...header, queues: [], snapshot: Buffer.from('users') })
})

test('a flipped bit anywhere is found', () => {
  const state = { queueId: 1, nextSeq: 9, live: [1, 4], returned: [2, 1] }
  const good = encodeCheckpoint(header, encodeQueueStates([state]))
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bad = Buffer.from(good)
    bad[bit >> 3]! ^= 1 << (bit & 7)
    const isVersion = bit >> 5 === 2
    const isNone = bad.readUInt32BE(8) === 0
    expect(() => decodeCheckpoint(bad, 'checkpoint')).toThrow(isVersion && !isNone ? LogVersionError : LogCorruptError)
  }
})

test('a file cut anywhere is found', () => {
  const good = encodeCheckpoint(header, encodeSnapshot(Buffer.from('users')))
  for (let length = 0; length < good.length; length++) {
    expect(() => decodeCheckpoint(good.subarray(0, length), 'checkpoint')).toThrow(LogCorruptError)
  }
})
