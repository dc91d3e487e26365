/** Logs that find no room on the disk, by the clock alone. */
import { expect, test } from 'vitest'
import { ManualClock } from '../test/support/manual-clock.ts'
import { FullDisk, type ShortLog } from './full-disk.ts'

class Log implements ShortLog {
  isShort = false
  retries = 0

  retry(): void {
    this.retries++
  }
}

function bench() {
  const clock = new ManualClock()
  const logs = [new Log(), new Log()] as const
  const alarms = { isLogShort: false }
  const said: string[] = []
  const logger = { error: () => said.push('full'), info: () => said.push('room') }
  return { clock, logs, alarms, said, disk: new FullDisk(logs, { clock, alarms, logger }) }
}

test('all logs try again each second until none is short, and the alarm is on as long', () => {
  const { clock, logs, alarms, said, disk } = bench()
  logs[0].isShort = true
  disk.found(new Error('no room'))
  disk.found(new Error('no room for another'))
  clock.advance(2_500)
  expect([disk.isShort, alarms.isLogShort, ...logs.map(log => log.retries)]).toEqual([true, true, 2, 2])
  logs[0].isShort = false
  clock.advance(1_000)
  expect([disk.isShort, alarms.isLogShort, clock.pending]).toEqual([false, false, 0])
  expect(said).toEqual(['full', 'room'])
})

test('nothing waits once it is stopped, whatever a log finds then', () => {
  const { clock, logs, disk } = bench()
  logs[0].isShort = true
  disk.found(new Error('no room'))
  disk.stop()
  expect(clock.pending).toBe(0)
  const late = bench()
  late.disk.stop()
  late.disk.found(new Error('no room'))
  expect(late.clock.pending).toBe(0)
})
