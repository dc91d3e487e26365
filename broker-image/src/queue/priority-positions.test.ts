/** Priorities against a plain list that is sorted anew each time. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bodySize, REDELIVERED_BIT } from './message.ts'
import { PriorityPositions } from './priority-positions.ts'

type Command = {
  kind: 'put' | 'pass' | 'shift' | 'drop' | 'return' | 'forget' | 'take'
  pick: number
  priority: number
}
const IN_MEMORY = 1
const ON_DISK = 2

type Held = { seq: number; priority: number }

const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'pass', 'shift', 'drop', 'return', 'forget', 'take'),
  pick: fc.nat(),
  priority: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 255 })),
})

/** Offsets carry the priority, so that a position tells where it belongs. */
function priorityOf(segment: number, offset: number): number {
  if (segment === ON_DISK) throw new Error('a message is read that came back')
  return offset
}

const inOrder = (held: readonly Held[]): Held[] => held.toSorted((a, b) => b.priority - a.priority || a.seq - b.seq)

/** The first message of the lowest priority. */
const least = (held: readonly Held[]): Held | undefined =>
  held.toSorted((a, b) => a.priority - b.priority || a.seq - b.seq)[0]

class Model {
  readonly positions = new PriorityPositions(priorityOf)
  held: Held[] = []
  readonly #out: Held[] = []
  #nextSeq = 1

  apply({ kind, pick, priority }: Command): void {
    if (kind === 'put') this.#put({ seq: this.#nextSeq++, priority }, IN_MEMORY)
    else if (kind === 'shift') this.#remove(this.positions.peek(), inOrder(this.held)[0])
    else if (kind === 'drop') this.#remove(this.positions.peekLeast(), least(this.held))
    else if (kind === 'return' && this.#out.length > 0) {
      this.#put(this.#out.splice(pick % this.#out.length, 1)[0]!, ON_DISK)
    } else if (kind === 'forget' && this.#out.length > 0) {
      this.positions.forget(this.#out.splice(pick % this.#out.length, 1)[0]!.seq)
    } else if (kind === 'pass') this.#pass({ seq: this.#nextSeq++, priority })
    else if (kind === 'take' && this.held.length > 0) this.#take(this.held[pick % this.held.length]!)
  }

  check(): void {
    const { positions, held } = this
    const seqs: number[] = []
    positions.each(() => seqs.push(positions.seq))
    expect(seqs).toEqual(inOrder(held).map(({ seq }) => seq))
    const inRuns: number[] = []
    positions.eachRun((first, count) => {
      for (let seq = first; seq < first + count; seq++) inRuns.push(seq)
    })
    expect(inRuns).toEqual(seqs)
    expect(positions.count).toBe(held.length)
    expect(positions.bytes).toBe(held.reduce((sum, { seq }) => sum + seq, 0))
  }

  #put(message: Held, segment: number): void {
    const flags = segment === ON_DISK ? REDELIVERED_BIT : 0
    this.positions.put(message.seq, segment, message.priority, (message.seq | flags) >>> 0)
    this.held.push(message)
  }

  #pass(message: Held): void {
    this.positions.passed({ seq: message.seq, segment: IN_MEMORY, offset: message.priority, sized: 0 })
    this.#out.push(message)
  }

  #remove(found: boolean, expected: Held | undefined): void {
    expect(found).toBe(expected !== undefined)
    if (expected === undefined) return
    const { seq, offset, sized } = this.positions
    expect({ seq, priority: offset }).toEqual(expected)
    expect(bodySize(sized)).toBe(seq)
    this.positions.shift()
    this.#gone(expected)
  }

  #take(message: Held): void {
    expect(this.positions.find(message.seq)).toBe(true)
    expect(this.positions.take(message.seq)).toBe(true)
    expect(this.positions.seq).toBe(message.seq)
    expect(this.positions.offset).toBe(message.priority)
    expect(this.positions.find(message.seq)).toBe(false)
    expect(this.positions.take(message.seq)).toBe(false)
    this.#gone(message)
  }

  #gone(message: Held): void {
    this.held = this.held.filter(({ seq }) => seq !== message.seq)
    this.#out.push(message)
  }
}

test('the highest priority goes first, the lowest is dropped, and what comes back stands where it stood', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), commands => {
      const model = new Model()
      for (const one of commands) model.apply(one)
      model.check()
    }),
    { numRuns: 200 },
  )
})

test('nothing is left after a clear', () => {
  const positions = new PriorityPositions(priorityOf)
  positions.put(1, 1, 3, 10)
  positions.put(2, 1, 0, 10)
  positions.clear()
  expect([positions.count, positions.bytes, positions.peek(), positions.peekLeast()]).toEqual([0, 0, false, false])
})
