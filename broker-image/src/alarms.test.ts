/** When memory or disk is short, by the clock alone. */
import { expect, test } from 'vitest'
import { ManualClock } from '../test/support/manual-clock.ts'
import { Alarms } from './alarms.ts'
import { loadConfig } from './config/config.ts'

function watched() {
  const conf = 'vm_memory_high_watermark.absolute = 600\ndisk_free_limit.absolute = 100\n'
  const config = loadConfig({ argv: ['--config', 'c'], env: {}, readFile: () => conf })
  const clock = new ManualClock()
  const machine = { memory: 0, disk: 1_000 }
  const alarms = new Alarms(config, clock, {
    memoryUsed: () => machine.memory,
    memoryTotal: () => 1_000,
    diskFree: () => machine.disk,
  })
  const seen: string[] = []
  alarms.onChange = () => seen.push(alarms.any ? alarms.reason : 'over')
  return { alarms, clock, machine, seen }
}

test('are on while a limit is passed, and say which', () => {
  const { clock, machine, seen } = watched()
  clock.advance(5_000)
  machine.memory = 601
  clock.advance(1_000)
  machine.disk = 99
  clock.advance(1_000)
  machine.memory = 600
  clock.advance(3_000)
  machine.disk = 100
  clock.advance(1_000)
  expect(seen).toEqual(['low on memory', 'low on memory & disk space', 'low on disk space', 'over'])
})

test('a log that finds no room is an alarm at once, and until it finds some', () => {
  const { alarms, clock, seen } = watched()
  alarms.isLogShort = true
  expect([alarms.any, alarms.disk]).toEqual([true, true])
  clock.advance(5_000)
  expect(alarms.any).toBe(true)
  alarms.isLogShort = false
  expect(alarms.any).toBe(false)
  expect(seen).toEqual(['low on disk space', 'over'])
})
