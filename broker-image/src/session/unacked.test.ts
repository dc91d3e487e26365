/** Deliveries that wait for a settlement, against a map from tag to message. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Message, PERSISTENT_BIT } from '../queue/message.ts'
import type { Queue } from '../queue/queue.ts'
import { type Holder, Unacked } from './unacked.ts'

/** A queue that remembers what became of its messages, and a holder of it. */
class TestHolder implements Holder {
  readonly queue: Queue
  unacked = 0
  nextSeq = 1
  readonly settled: number[] = []
  readonly requeued: number[] = []
  readonly discarded: number[] = []
  acknowledgedCount = 0
  /** Called in the middle of a settlement, as a queue that delivers at once does. */
  onReturn: () => void = () => {}

  constructor() {
    const holder = this
    this.queue = {
      get nextSeq() {
        return holder.nextSeq
      },
      acknowledged: (_segment: number, count: number) => {
        holder.acknowledgedCount += count
      },
      settleRange: (firstSeq: number, count: number) => {
        for (let seq = firstSeq; seq < firstSeq + count; seq++) holder.settled.push(seq)
      },
      requeue: ({ seq }: Message) => {
        holder.requeued.push(seq)
        holder.onReturn()
      },
      discard: ({ seq }: Message) => {
        holder.discarded.push(seq)
        holder.onReturn()
      },
    } as unknown as Queue
  }

  released(): void {}

  /** A persistent message with the next sequence number. */
  message(segment = 1): Message {
    return { seq: this.nextSeq++, segment, offset: 0, sized: (10 | PERSISTENT_BIT) >>> 0 }
  }
}

const command = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'gap', 'ack', 'ack many', 'requeue', 'requeue many', 'discard'),
  pick: fc.nat(),
  holder: fc.integer({ min: 0, max: 2 }),
})

describe('unacked', () => {
  test('holds and settles what a map would', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 500 }), fc.constantFrom(1, 2 ** 32 - 20), (commands, firstTag) => {
        const unacked = new Unacked()
        const holders = [new TestHolder(), new TestHolder(), new TestHolder()]
        const model = new Map<number, { holder: TestHolder; seq: number }>()
        const expected = holders.map(() => ({ settled: [], requeued: [], discarded: [] }) as Record<string, number[]>)
        let tag = firstTag
        for (const { kind, pick, holder: index } of commands) {
          const tags = [...model.keys()]
          if (kind === 'gap') tag++
          else if (kind === 'add') {
            const holder = holders[index]!
            const message = holder.message()
            unacked.add(tag, holder, message)
            model.set(tag++, { holder, seq: message.seq })
          } else if (tags.length > 0) {
            const chosen = tags[pick % tags.length]!
            const many = kind.endsWith('many')
            const fate = kind.startsWith('ack') ? 'settled' : kind.startsWith('requeue') ? 'requeued' : 'discarded'
            if (fate === 'settled') unacked.acknowledge(chosen, many)
            else unacked.refuse(chosen, many, fate === 'requeued')
            for (const settled of many ? tags.filter(other => other <= chosen) : [chosen]) {
              const { holder, seq } = model.get(settled)!
              expected[holders.indexOf(holder)]![fate]!.push(seq)
              model.delete(settled)
            }
            expect(() => unacked.acknowledge(chosen, false)).toThrow(`unknown delivery tag ${chosen}`)
          }
          expect(unacked.live).toBe(model.size)
        }
        for (const [index, holder] of holders.entries()) {
          const { settled, requeued, discarded } = holder
          expect({ settled, requeued, discarded }).toEqual(expected[index])
          expect(holder.unacked).toBe([...model.values()].filter(held => held.holder === holder).length)
          expect(holder.acknowledgedCount).toBe(holder.settled.length)
        }
        const left: number[] = []
        unacked.each((_queue, seq) => left.push(seq))
        expect(left).toEqual([...model.values()].map(({ seq }) => seq))
      }),
      { numRuns: 150 },
    )
  })

  test('takes deliveries in the middle of a settlement, however many', () => {
    const unacked = new Unacked()
    const holder = new TestHolder()
    let tag = 0
    const deliver = (): void => unacked.add(++tag, holder, holder.message())
    for (let i = 0; i < 64; i++) deliver()
    unacked.acknowledge(10, true)
    for (let i = 0; i < 10; i++) deliver()
    holder.onReturn = deliver
    unacked.refuse(0, true, false)
    expect(holder.discarded).toEqual(Array.from({ length: 64 }, (_, i) => i + 11))
    expect(unacked.live).toBe(64)
    holder.onReturn = () => {}
    unacked.acknowledge(138, true)
    expect(holder.settled).toHaveLength(10 + 64)
  })

  test('what is held can be settled by nobody until it is let go', () => {
    const step = fc.record({
      kind: fc.constantFrom('add', 'add', 'ack', 'hold', 'let go', 'back'),
      pick: fc.nat(),
      many: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const unacked = new Unacked()
        const holder = new TestHolder()
        const free = new Set<number>()
        const held = new Set<number>()
        let tag = 0
        for (const { kind, pick, many } of steps) {
          const chosen = [...free][pick % Math.max(free.size, 1)] ?? 0
          const meant = [...free].filter(other => (many ? other <= chosen : other === chosen))
          if (kind === 'add') {
            unacked.add(++tag, holder, holder.message())
            free.add(tag)
          } else if (kind === 'let go') {
            unacked.letGo()
            for (const one of held) free.add(one)
            held.clear()
          } else if (kind === 'back') {
            unacked.requeueAll()
            free.clear()
          } else if (chosen > 0) {
            if (kind === 'ack') unacked.acknowledge(chosen, many)
            else expect(unacked.hold(chosen, many)).toBe(chosen)
            for (const one of meant) free.delete(one)
            if (kind === 'hold') for (const one of meant) held.add(one)
          }
          for (const one of held) {
            expect(() => unacked.acknowledge(one, false)).toThrow(`unknown delivery tag ${one}`)
            expect(() => unacked.hold(one, true)).toThrow(`unknown delivery tag ${one}`)
          }
          expect([unacked.live, unacked.held, holder.unacked]).toEqual([free.size + held.size, held.size, unacked.live])
          expect(unacked.oldestTag).toBe(free.size === 0 ? 0 : Math.min(...free))
        }
      }),
    )
  })

  test('settles all with tag 0, also when there is none', () => {
    const unacked = new Unacked()
    const holder = new TestHolder()
    unacked.acknowledge(0, true)
    unacked.add(1, holder, holder.message())
    unacked.add(2, holder, holder.message())
    expect(() => unacked.acknowledge(0, false)).toThrow('unknown delivery tag 0')
    unacked.acknowledge(0, true)
    expect(holder.settled).toEqual([1, 2])
    expect(() => unacked.refuse(3, true, true)).toThrow('unknown delivery tag 3')
  })

  test('knows the whole of a sequence number beyond 32 bits', () => {
    const unacked = new Unacked()
    const holder = new TestHolder()
    holder.nextSeq = 2 ** 32 - 2
    for (let tag = 1; tag <= 4; tag++) unacked.add(tag, holder, holder.message())
    unacked.acknowledge(0, true)
    expect(holder.settled).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1])
  })
})
