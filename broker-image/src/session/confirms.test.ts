/** Publisher confirms: everything is answered once, in order, and only when it is safe. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Turn } from '../turn.ts'
import { Confirms } from './confirms.ts'

interface Answer {
  tag: number
  multiple: boolean
  refused: boolean
}

function opened() {
  const answers: Answer[] = []
  const turn = new Turn(() => {})
  const confirms = new Confirms(turn, (tag, multiple, refused) => answers.push({ tag, multiple, refused }))
  return { confirms, answers }
}

test('answers a run of publishes of one batch with one ack', () => {
  const { confirms, answers } = opened()
  expect([1, 1, 0].map(batch => confirms.published(batch))).toEqual([true, false, false])
  expect(confirms.stable(0)).toBe(true)
  expect(answers).toEqual([])
  expect(confirms.waiting).toBe(3)
  expect(confirms.stable(1)).toBe(false)
  expect(answers).toEqual([{ tag: 3, multiple: true, refused: false }])
  expect(confirms.waiting).toBe(0)
})

test('answers one publish without multiple', () => {
  const { confirms, answers } = opened()
  confirms.published(7)
  confirms.stable(7)
  expect(answers).toEqual([{ tag: 1, multiple: false, refused: false }])
})

test('nacks what was refused alone, between the acks of its neighbours', () => {
  const { confirms, answers } = opened()
  confirms.published(1)
  confirms.published(1)
  confirms.refused()
  confirms.published(1)
  confirms.stable(1)
  expect(answers).toEqual([
    { tag: 2, multiple: true, refused: false },
    { tag: 3, multiple: false, refused: true },
    { tag: 4, multiple: false, refused: false },
  ])
})

test('answers what waits for no log at the end of the turn', async () => {
  const { confirms, answers } = opened()
  confirms.published(0)
  confirms.published(0)
  expect(answers).toEqual([])
  await new Promise(resolve => setImmediate(resolve))
  expect(answers).toEqual([{ tag: 2, multiple: true, refused: false }])
})

test('answers each publish once, in order, after its batch is stable and not before', () => {
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('durable', 'transient', 'refused') },
    { weight: 1, arbitrary: fc.constantFrom('next batch', 'stable', 'end of turn') },
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), events => {
      const { confirms, answers } = opened()
      let batch = 1
      let stable = 0
      const needs: number[] = []
      const refused = new Set<number>()
      for (const what of [...events, 'next batch', 'stable']) {
        if (what === 'next batch') batch++
        else if (what === 'stable') {
          stable = batch - 1
          confirms.stable(stable)
        } else if (what === 'end of turn') confirms.endTurn()
        else if (what === 'refused') {
          confirms.refused()
          refused.add(needs.push(0))
        } else {
          const needed = what === 'durable' ? batch : 0
          confirms.published(needed)
          needs.push(needed)
        }
        for (let tag = 1; tag <= confirms.confirmedTag; tag++) expect(needs[tag - 1]).toBeLessThanOrEqual(stable)
      }
      const told: { tag: number; refused: boolean }[] = []
      for (const { tag, multiple, refused: isRefused } of answers) {
        for (let one = multiple ? told.length + 1 : tag; one <= tag; one++) told.push({ tag: one, refused: isRefused })
      }
      expect(told).toEqual(needs.map((_, at) => ({ tag: at + 1, refused: refused.has(at + 1) })))
    }),
  )
})
