/** Publishers wait while something is short, and nobody else does. */
import { expect, test } from 'vitest'
import type { Alarms } from '../alarms.ts'
import { Blocking } from './blocking.ts'

function blockable() {
  const alarms = { any: false, reason: 'low on memory' }
  const seen: unknown[] = []
  const blocking = new Blocking(alarms as Alarms, {
    pause: () => seen.push('pause'),
    resume: () => seen.push('resume'),
    send: (name, args) => seen.push([name, args]),
  })
  return { alarms, seen, blocking }
}

test('a publisher is told once, and let go once', () => {
  const { alarms, seen, blocking } = blockable()
  blocking.isTold = true
  blocking.update(true)
  alarms.any = true
  blocking.update(true)
  blocking.update(true)
  alarms.any = false
  blocking.update(true)
  blocking.update(true)
  const told = [
    [['connection.blocked', { reason: 'low on memory' }], 'pause'],
    [['connection.unblocked', {}], 'resume'],
  ]
  expect(seen).toEqual(told.flat())
})

test('a client that can not hear it waits all the same', () => {
  const { alarms, seen, blocking } = blockable()
  alarms.any = true
  blocking.update(true)
  alarms.any = false
  blocking.update(false)
  expect(seen).toEqual(['pause', 'resume'])
})

test('a consumer goes on', () => {
  const { alarms, seen, blocking } = blockable()
  alarms.any = true
  blocking.update(false)
  expect(seen).toEqual([])
})
