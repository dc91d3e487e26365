/** Opening a log: torn tails are cut, damage is reported, and a second recovery finds what the first found. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { bodyOf, flush, type OpenLog, openLog, publish, settle } from '../../test/log/owner.ts'
import { CHECKPOINT_FILE, encodeSnapshot } from './checkpoint.ts'
import { LogCorruptError, LogVersionError } from './errors.ts'
import { segmentFileNumber } from './segment-files.ts'

const BODY = Buffer.alloc(700, 0x61)

function emptyDisk(seed = 1): MemoryDisk {
  return new MemoryDisk(seeded(seed))
}

/** A log of `batches` batches of one message each, on a disk that can be damaged. */
function written(batches: number, seed = 1): MemoryDisk {
  const disk = emptyDisk(seed)
  const open = openLog(disk)
  for (let i = 0; i < batches; i++) {
    publish(open, [1], BODY)
    flush(open, disk)
  }
  return disk.copy()
}

function segmentNames(disk: MemoryDisk): string[] {
  return disk.list().filter(name => segmentFileNumber(name) !== null && disk.contentOf(name).some(byte => byte !== 0))
}

function closed(open: OpenLog, disk: MemoryDisk): MemoryDisk {
  let isClosed = false
  open.log.close(error => {
    isClosed = error === null
  })
  disk.run()
  expect(isClosed).toBe(true)
  return disk.crash()
}

test('a new log is empty, and a second start finds it empty', () => {
  const disk = emptyDisk()
  const first = openLog(disk)
  expect(first.log.lastLsn).toBe(0)
  expect(openLog(closed(first, disk)).log.lastLsn).toBe(0)
})

test('a tail cut at any byte loses the batch that is cut, and none before it', () => {
  const disk = written(3)
  const [name] = segmentNames(disk)
  const whole = disk.contentOf(name!)
  const end = whole.findLastIndex(byte => byte !== 0) + 1
  const batchBytes = (end - 64) / 3
  for (let cut = 64; cut < end; cut += 13) {
    const torn = disk.copy()
    torn.contentOf(name!).fill(0, cut)
    const open = openLog(torn)
    expect(open.log.lastLsn).toBe(Math.floor((cut - 64) / batchBytes))
    publish(open, [1], BODY)
    flush(open, torn)
    const next = torn.crash()
    expect(openLog(next).log.lastLsn).toBe(Math.floor((cut - 64) / batchBytes) + 1)
  }
})

test('a flipped bit before the last batch is reported with file and offset', () => {
  const disk = written(3)
  const [name] = segmentNames(disk)
  const end = disk.contentOf(name!).findLastIndex(byte => byte !== 0) + 1
  const batchBytes = (end - 64) / 3
  for (let at = 64; at < 64 + 2 * batchBytes; at += 7) {
    const bad = disk.copy()
    bad.contentOf(name!)[at]! ^= 0x10
    const offset = 64 + Math.floor((at - 64) / batchBytes) * batchBytes
    expect(() => openLog(bad)).toThrow(LogCorruptError)
    expect(() => openLog(bad)).toThrow(`${name}, byte ${offset}:`)
  }
})

test('a flipped bit in the last batch of a segment that another follows is reported', () => {
  const disk = written(12)
  const [first] = segmentNames(disk)
  const bytes = disk.contentOf(first!)
  bytes[bytes.findLastIndex(byte => byte !== 0)]! ^= 1
  expect(() => openLog(disk)).toThrow(`${first}, byte`)
})

test('a flipped bit in the header of a segment is reported', () => {
  const disk = written(12)
  for (const name of segmentNames(disk)) {
    const bad = disk.copy()
    bad.contentOf(name)[30]! ^= 1
    expect(() => openLog(bad)).toThrow(`${name}, byte 0:`)
  }
})

test('a missing segment is reported', () => {
  const disk = written(30)
  for (const name of segmentNames(disk).slice(0, -1)) {
    const bad = disk.copy()
    bad.removeSync(name)
    expect(() => openLog(bad)).toThrow(LogCorruptError)
  }
})

test('after a clean close a missing last batch is reported too', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  for (let i = 0; i < 3; i++) publish(open, [1], BODY)
  const next = closed(open, disk)
  const [name] = segmentNames(next)
  const bytes = next.contentOf(name!)
  bytes[bytes.findLastIndex(byte => byte !== 0)]! ^= 1
  expect(() => openLog(next)).toThrow(LogCorruptError)
})

test('after a clean close a missing tail is reported, also when nothing lives', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  for (let seq = 1; seq <= 3; seq++) {
    publish(open, [1], BODY)
    settle(open, 1, seq, 1)
    flush(open, disk)
  }
  const next = closed(open, disk)
  const [name] = segmentNames(next)
  const cut = next.copy()
  cut.contentOf(name!).fill(0, 1_000)
  expect(() => openLog(cut)).toThrow(`${name}, byte`)
  next.removeSync(name!)
  expect(() => openLog(next)).toThrow('the segment from LSN 1 is missing')
})

test('a file of another format version is refused, and the version named', () => {
  const disk = written(1)
  const [name] = segmentNames(disk)
  disk.contentOf(name!)[11] = 9
  expect(() => openLog(disk)).toThrow(LogVersionError)
  expect(() => openLog(disk)).toThrow('format 9')
})

test('a file of another log is refused', () => {
  const disk = written(12)
  const other = emptyDisk(2)
  const open = openLog(other, { newIdentity: () => 100 })
  publish(open, [1], BODY)
  flush(open, other)
  const [mine] = segmentNames(disk)
  other.contentOf(segmentNames(other)[0]!).copy(disk.contentOf(mine!))
  expect(() => openLog(disk)).toThrow('belongs to another log')
  expect(() => openLog(written(1), { shardId: 8 })).toThrow('belongs to shard 7')
})

test('files used again hold old batches that recovery does not take for new ones', () => {
  const disk = emptyDisk()
  const open = openLog(disk, { uncheckpointedMax: 0 })
  for (let seq = 1; seq <= 100; seq++) {
    publish(open, [1], Buffer.alloc(700, seq))
    settle(open, 1, seq, 1)
    flush(open, disk)
  }
  publish(open, [1], Buffer.alloc(700, 101))
  flush(open, disk)
  const next = disk.crash()
  const again = openLog(next)
  expect(again.log.lastLsn).toBe(open.log.lastLsn)
  expect([...again.queues.of(1).live.keys()]).toEqual([101])
  expect(bodyOf(again, next, again.queues.of(1).live.get(101)!)).toEqual(Buffer.alloc(700, 101))
})

test('a message body that imitates a batch in a torn tail is not taken for one', () => {
  const disk = written(2)
  const [name] = segmentNames(disk)
  const forged = Buffer.from(disk.contentOf(name!).subarray(64, 64 + 800))
  const open = openLog(disk, { newIdentity: () => 1 })
  publish(open, [1], forged)
  flush(open, disk)
  const bytes = disk.contentOf(name!)
  bytes[bytes.findLastIndex(byte => byte !== 0)]! ^= 1
  expect(() => openLog(disk.copy())).toThrow('a whole one follows')
})

test('recovery can be killed after any of its operations', () => {
  for (let n = 1; ; n++) {
    const disk = written(20, n).kill()
    disk.failAt = n
    try {
      openLog(disk)
      if (disk.calls < n) return
    } catch (error) {
      expect(error).toMatchObject({ code: 'EIO' })
    }
    const next = disk.crash()
    const again = openLog(next)
    expect(again.log.lastLsn).toBe(20)
  }
})

test('recovering twice finds the same', () => {
  const disk = written(40)
  const first = openLog(disk)
  const seen = [...first.queues.of(1).live]
  const second = openLog(disk.kill())
  expect([...second.queues.of(1).live]).toEqual(seen)
})

test('what a killed process wrote and recovery accepted does not get lost in a power failure after it', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const disk = emptyDisk(seed)
    const open = openLog(disk, { uncheckpointedMax: 0 })
    for (let seq = 1; seq <= 20; seq++) {
      publish(open, [1], BODY)
      settle(open, 1, seq, 1)
      open.log.commit()
      for (let i = 0; i < 6; i++) disk.step()
    }
    const killed = disk.kill()
    const again = openLog(killed, { uncheckpointedMax: 100 })
    const { lastLsn } = again.log
    for (let i = 0; i < 10; i++) {
      publish(again, [2], BODY)
      again.log.commit()
      for (let k = 0; k < 2; k++) killed.step()
    }
    expect(openLog(killed.crash()).log.lastLsn).toBeGreaterThanOrEqual(lastLsn)
  }
})

test('a checkpoint replaces what came before it, and definitions follow their snapshot', () => {
  const disk = emptyDisk()
  const open = openLog(disk, { uncheckpointedMax: 0 })
  const all: string[] = []
  open.log.checkpointSource = () => encodeSnapshot(Buffer.from(JSON.stringify(all)))
  for (let i = 0; i < 60; i++) {
    all.push(`definition ${i} ${'x'.repeat(200)}`)
    open.log.appendDefinition(Buffer.from(all.at(-1)!))
    flush(open, disk)
  }
  expect(disk.list()).toContain(CHECKPOINT_FILE)
  expect(segmentNames(disk).length).toBeLessThan(6)
  expect(openLog(disk.crash()).queues.definitions).toEqual(all)
})

test('delivery counts survive a checkpoint', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  publish(open, [1], BODY)
  open.log.appendReturn(1, 1, 3)
  open.queues.returned(1, 1, 3)
  const again = openLog(closed(open, disk))
  expect(again.queues.of(1).live.get(1)?.deliveryCount).toBe(3)
})

test('a copy made byte for byte recovers to the same queues', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  for (let seq = 1; seq <= 50; seq++) {
    publish(open, [1, 2], BODY)
    if (seq % 3 > 0) settle(open, 1, seq, 1)
    flush(open, disk)
  }
  const a = openLog(disk.copy())
  const b = openLog(disk.copy())
  expect([...a.queues.queues]).toEqual([...b.queues.queues])
  expect(a.queues.states()).toEqual(open.queues.states())
})

test('a superfluous file that cannot be removed does no harm', () => {
  const disk = emptyDisk()
  const open = openLog(disk)
  for (let seq = 1; seq <= 20; seq++) {
    publish(open, [1], BODY)
    flush(open, disk)
    settle(open, 1, seq, 1)
  }
  const before = closed(open, disk)
  const whole = before.copy()
  openLog(whole, { spareMax: 0 })
  whole.run()
  expect(whole.list().length).toBeLessThan(before.list().length)
  for (let n = 1; n <= whole.calls; n++) {
    const failing = before.copy()
    failing.failAt = n
    try {
      openLog(failing, { spareMax: 0 })
    } catch (error) {
      expect(error).toMatchObject({ code: 'EIO' })
    }
    failing.run()
    expect(openLog(failing.crash()).queues.of(1).live.size).toBe(0)
  }
})
