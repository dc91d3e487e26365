/** The segment table: handles, counts, and which bytes are in memory. */
import { expect, test } from 'vitest'
import { MemoryDisk, seeded } from '../../test/log/memory-disk.ts'
import { flush, type OpenLog, openLog, publish, SMALL_SEGMENT_BYTES, settle } from '../../test/log/owner.ts'
import { LogCorruptError } from './errors.ts'

const BODY = Buffer.alloc(1_000, 0x61)

function backlog(segments: number): { disk: MemoryDisk; open: OpenLog } {
  const disk = new MemoryDisk(seeded(1))
  const open = openLog(disk)
  while (open.segments.count < segments) {
    publish(open, [1], BODY)
    flush(open, disk)
  }
  return { disk, open }
}

/** Handles in the order of the log. */
function handles(open: OpenLog): number[] {
  return [...new Set([...open.queues.of(1).live.values()].map(({ segment }) => segment))]
}

test('a handle that was given out never was 0, and an unknown one is refused', () => {
  const { open } = backlog(3)
  expect(open.log.segment).toBeGreaterThan(0)
  expect(() => open.segments.get(0)).toThrow('handle 0')
  expect(() => open.segments.bytes(99)).toThrow('handle 99')
})

test('settling more than lives is refused', () => {
  const { open } = backlog(1)
  const { live } = open.segments.get(open.log.segment)
  open.segments.release(open.log.segment, live, 0)
  expect(() => open.segments.release(open.log.segment, 1, 0)).toThrow('released more often')
})

test('of what nobody has read the newest leaves memory first, so that the head of a queue stays', () => {
  const { open } = backlog(8)
  const resident = handles(open).map(handle => open.segments.get(handle).buffer !== null)
  expect(resident).toEqual([true, true, false, false, false, false, false, true])
})

test('of what was read the longest unread leaves memory first', () => {
  const { disk, open } = backlog(8)
  const [first, second] = handles(open)
  open.segments.bytes(first!)
  open.segments.sweep()
  open.segments.bytes(second!)
  while (open.segments.count < 10) {
    publish(open, [1], BODY)
    flush(open, disk)
  }
  open.segments.fetch(handles(open)[4]!, () => {})
  disk.run()
  expect(open.segments.get(first!).buffer).toBe(null)
})

test('what was just read from disk stays, also when no commit comes', () => {
  const { disk, open } = backlog(12)
  for (const handle of handles(open).slice(2, 11)) {
    open.segments.fetch(handle, () => {})
    disk.run()
    expect(open.segments.bytes(handle)).not.toBe(null)
  }
})

test('one read from disk serves all who wait, and the reader always has the next segment ready', () => {
  const { disk, open } = backlog(8)
  const [, , third, fourth, fifth] = handles(open)
  const { calls } = disk
  const done: string[] = []
  open.segments.fetch(third!, error => done.push(`a ${error}`))
  open.segments.fetch(third!, error => done.push(`b ${error}`))
  disk.run()
  expect(done).toEqual(['a null', 'b null'])
  expect(disk.calls).toBe(calls + 2)
  expect(open.segments.bytes(fourth!)).not.toBe(null)
  disk.run()
  expect(open.segments.bytes(fifth!)).not.toBe(null)
})

test('a fetch of what is in memory is answered without the disk', async () => {
  const { disk, open } = backlog(2)
  const { calls } = disk
  await new Promise<void>(resolve => open.segments.fetch(open.log.segment, () => resolve()))
  expect(disk.calls).toBe(calls)
})

test('bytes that changed on disk are reported when they are read back, and not delivered', () => {
  const { disk, open } = backlog(8)
  const handle = handles(open)[3]!
  const { name } = open.segments.get(handle).file!
  disk.contentOf(name)[500]! ^= 1
  let failure: Error | null = null
  open.segments.fetch(handle, error => {
    failure = error
  })
  disk.run()
  expect(failure).toBeInstanceOf(LogCorruptError)
  expect(String(failure)).toContain(name)
  expect(open.segments.bytes(handle)).toBe(null)
})

test('a failed read is reported to all who wait, and can be tried again', () => {
  const { disk, open } = backlog(8)
  const handle = handles(open)[3]!
  disk.failAt = disk.calls + 1
  const seen: (Error | null)[] = []
  open.segments.fetch(handle, error => seen.push(error))
  disk.step()
  disk.run()
  open.segments.fetch(handle, error => seen.push(error))
  disk.run()
  expect(seen.filter(error => error === null).length).toBeGreaterThan(0)
})

test('a segment that dies while it is read from disk is freed after the read', () => {
  const { disk, open } = backlog(8)
  const handle = handles(open)[3]!
  const seqs = [...open.queues.of(1).live].filter(([, { segment }]) => segment === handle).map(([seq]) => seq)
  open.segments.fetch(handle, () => {})
  settle(open, 1, seqs[0]!, seqs.length)
  open.segments.sweep()
  expect(open.segments.get(handle).isDead).toBe(false)
  disk.run()
  open.segments.sweep()
  expect(open.segments.get(handle).isDead).toBe(true)
})

test('bytes taken in a turn stay as they are while more is appended in it', () => {
  const { open } = backlog(3)
  const [first] = handles(open)
  const bytes = open.segments.bytes(first!)!
  const before = Buffer.from(bytes)
  const seqs = [...open.queues.of(1).live].filter(([, { segment }]) => segment === first).map(([seq]) => seq)
  settle(open, 1, seqs[0]!, seqs.length)
  for (let i = 0; i < 40; i++) publish(open, [2], Buffer.alloc(1_000, 0x7a))
  expect(bytes.equals(before)).toBe(true)
  expect(open.segments.residentBytes).toBeGreaterThan(10 * SMALL_SEGMENT_BYTES)
})
