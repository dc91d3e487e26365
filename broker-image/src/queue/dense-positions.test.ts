/** Positions of one priority against a plain sorted list, with numbers that lie apart. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DensePositions } from './dense-positions.ts'

type Command = { kind: 'push' | 'shift' | 'return' | 'take' | 'move'; pick: number; gap: number; times: number }

const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom('push', 'push', 'push', 'shift', 'shift', 'return', 'return', 'take', 'move'),
  pick: fc.nat(),
  gap: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 30 }) },
    { weight: 1, arbitrary: fc.constantFrom(0xffff_ffff, 0x1_0000_0000) },
  ),
  times: fc.integer({ min: 1, max: 60 }),
})

class Model {
  readonly positions = new DensePositions()
  held: number[] = []
  readonly #out: number[] = []
  readonly #moved = new Set<number>()
  #next = 1

  apply({ kind, pick, gap }: Command): void {
    if (kind === 'push') this.#put(this.#next)
    else if (kind === 'shift') this.#shift()
    else if (kind === 'return' && this.#out.length > 0) this.#put(this.#out.splice(pick % this.#out.length, 1)[0]!)
    else if (kind === 'take' && this.held.length > 0) this.#take(this.held[pick % this.held.length]!)
    else if (kind === 'move' && this.held.length > 0) this.#move(this.held[pick % this.held.length]!)
    if (kind === 'push') this.#next += gap
  }

  check(): void {
    const { positions, held } = this
    const seqs: number[] = []
    positions.each(() => seqs.push(positions.seq))
    expect(seqs).toEqual(held)
    const inRuns: number[] = []
    positions.eachRun((first, count) => inRuns.push(...Array.from({ length: count }, (_, index) => first + index)))
    expect(inRuns).toEqual(held)
    expect(positions.count).toBe(held.length)
    for (const seq of held) this.#shows(positions.find(seq), seq)
  }

  #put(seq: number): void {
    this.positions.put(seq, 7, seq % 1_000, seq % 100)
    this.#moved.delete(seq)
    const at = this.held.findIndex(other => other > seq)
    this.held.splice(at < 0 ? this.held.length : at, 0, seq)
  }

  #shift(): void {
    const [seq] = this.held
    expect(this.positions.peek()).toBe(seq !== undefined)
    if (seq === undefined) return
    this.#shows(true, seq)
    this.positions.shift()
    this.#gone(seq)
  }

  #take(seq: number): void {
    this.#shows(this.positions.take(seq), seq)
    expect([this.positions.take(seq), this.positions.find(seq)]).toEqual([false, false])
    expect(() => this.positions.move(seq, 1, 1)).toThrow('not here')
    this.#gone(seq)
  }

  #move(seq: number): void {
    this.positions.move(seq, 8, seq % 1_000)
    this.#moved.add(seq)
  }

  #gone(seq: number): void {
    this.held = this.held.filter(other => other !== seq)
    this.#out.push(seq)
  }

  #shows(found: boolean, expected: number): void {
    const { seq, segment, offset, sized } = this.positions
    const place = this.#moved.has(expected) ? 8 : 7
    expect([found, seq, segment, offset, sized]).toEqual([true, expected, place, expected % 1_000, expected % 100])
  }
}

test('holds the same messages in the same order as a sorted list', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 80 }), commands => {
      const model = new Model()
      for (const one of commands) {
        for (let time = 0; time < one.times; time++) model.apply({ ...one, pick: one.pick + time })
        model.check()
      }
    }),
    { numRuns: 100 },
  )
})

test('is empty after a clear, and usable', () => {
  const model = new Model()
  for (let time = 0; time < 300; time++) model.apply({ kind: 'push', pick: 0, gap: 3, times: 1 })
  model.positions.clear()
  expect([model.positions.count, model.positions.peek(), model.positions.find(1)]).toEqual([0, false, false])
  model.positions.put(5, 1, 2, 3)
  expect([model.positions.peek(), model.positions.seq]).toEqual([true, 5])
})
