/** The map of definitions: what is kept, told and replayed. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DefinitionChange, type DefinitionJournal, Definitions } from './definitions.ts'
import { argumentsText, joinKey } from './keys.ts'
import type { BindingDefinition, QueueDefinition, VhostDefinition } from './model.ts'

function recording(): DefinitionJournal & { entries: Buffer[] } {
  const entries: Buffer[] = []
  return { entries, append: bytes => entries.push(bytes), whenStable: done => done() }
}

function vhost(name: string, description = ''): VhostDefinition {
  return { name, description, tags: [], defaultQueueType: 'classic', tracing: false }
}

function queue(name: string, id: number): QueueDefinition {
  return { vhost: '/', name, id, durable: true, autoDelete: false, exclusive: false, arguments: { 'x-max-length': id } }
}

function binding(args: BindingDefinition['arguments']): BindingDefinition {
  return { vhost: '/', source: 'e', destination: 'q', destinationType: 'queue', routingKey: 'k', arguments: args }
}

function durableState(definitions: Definitions): string {
  return definitions.snapshot().toString()
}

type Step =
  | { do: 'put'; name: string; value: number; durable: boolean }
  | { do: 'remove'; name: string }
  | { do: 'nextId' }

const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('put' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      value: fc.nat(2),
      durable: fc.boolean(),
    }),
    fc.record({ do: fc.constant('remove' as const), name: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ do: fc.constant('nextId' as const) }),
  ),
  { maxLength: 40 },
)

function play(definitions: Definitions, script: readonly Step[]): number[] {
  const ids: number[] = []
  for (const step of script) {
    if (step.do === 'put') definitions.put('queue', queue(step.name, step.value), { durable: step.durable })
    else if (step.do === 'remove') definitions.remove('queue', ['/', step.name])
    else ids.push(definitions.nextQueueId())
  }
  return ids
}

describe('replay', () => {
  test('the entries of any history give the durable part of the map', () => {
    fc.assert(
      fc.property(steps, script => {
        const journal = recording()
        const definitions = new Definitions(journal)
        play(definitions, script)
        const replayed = new Definitions(recording())
        for (const entry of journal.entries) replayed.apply(entry)
        expect(asSets(replayed)).toEqual(asSets(definitions))
      }),
    )
  })

  test('a snapshot and the entries after it give the same', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const journal = recording()
        const definitions = new Definitions(journal)
        play(definitions, before)
        const snapshot = definitions.snapshot()
        journal.entries.length = 0
        play(definitions, after)
        const restored = new Definitions(recording())
        restored.load(snapshot)
        for (const entry of journal.entries) restored.apply(entry)
        expect(asSets(restored)).toEqual(asSets(definitions))
      }),
    )
  })

  test('a queue id is never given twice, whatever restarts happen', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 6 }), lives => {
        const entries: Buffer[] = []
        const ids: number[] = []
        for (const script of lives) {
          const definitions = new Definitions({ append: bytes => entries.push(bytes), whenStable: done => done() })
          for (const entry of [...entries]) definitions.apply(entry)
          ids.push(...play(definitions, script))
        }
        expect(new Set(ids).size).toBe(ids.length)
      }),
    )
  })

  test('an entry of an unknown operation is not passed over', () => {
    expect(() => new Definitions(recording()).apply(Buffer.from('{"op":"x"}'))).toThrow('unknown entry')
  })
})

describe('changes', () => {
  test('tell the listener old and new, in order, until it is taken back', () => {
    const definitions = new Definitions(recording())
    const seen: DefinitionChange[] = []
    const stop = definitions.listen(change => seen.push(change))
    definitions.put('vhost', vhost('a'), { durable: true })
    definitions.put('vhost', vhost('a', 'new'), { durable: true })
    definitions.remove('vhost', ['a'])
    stop()
    definitions.put('vhost', vhost('b'), { durable: true })
    expect(seen).toEqual([
      { kind: 'vhost', value: vhost('a') },
      { kind: 'vhost', value: vhost('a', 'new'), previous: vhost('a') },
      { kind: 'vhost', previous: vhost('a', 'new') },
    ])
  })

  test('what is equal already costs nothing', () => {
    const journal = recording()
    const definitions = new Definitions(journal)
    expect(definitions.put('vhost', vhost('a'), { durable: true })).toBe('created')
    expect(definitions.put('vhost', vhost('a'), { durable: true })).toBe('unchanged')
    expect(definitions.put('vhost', vhost('a', 'x'), { durable: true })).toBe('updated')
    expect(journal.entries).toHaveLength(2)
  })

  test('what is not durable is listed but never written', () => {
    const journal = recording()
    const definitions = new Definitions(journal)
    definitions.put('vhost', vhost('a'), { durable: false })
    expect(definitions.list('vhost')).toEqual([vhost('a')])
    definitions.remove('vhost', ['a'])
    expect([journal.entries, definitions.count('vhost')]).toEqual([[], 0])
  })

  test('removing what is not there does nothing', () => {
    const journal = recording()
    expect(new Definitions(journal).remove('queue', ['/', 'q'])).toBeUndefined()
    expect(journal.entries).toEqual([])
  })
})

test('bindings differ by their arguments, in whatever order these stand', () => {
  const definitions = new Definitions(recording())
  definitions.put('binding', binding({ a: 1, b: [{ c: 1, d: 2 }] }), { durable: true })
  definitions.put('binding', binding({ b: [{ d: 2, c: 1 }], a: 1 }), { durable: true })
  definitions.put('binding', binding({ a: 2 }), { durable: true })
  expect(definitions.count('binding')).toBe(2)
})

test('different tuples never give the same key', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 4 }), fc.array(fc.string(), { maxLength: 4 }), (a, b) => {
      expect(joinKey(a) === joinKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
  )
  expect(argumentsText({ a: [['b', 1]] })).not.toBe(argumentsText({ a: { b: 1 } }))
})

/** The durable state without regard to the order of puts. */
function asSets(definitions: Definitions): unknown {
  const { values, queueIdsReserved } = JSON.parse(durableState(definitions)) as {
    values: { [kind: string]: unknown[] }
    queueIdsReserved: number
  }
  const sortedValues = Object.values(values).map(list => list.map(value => JSON.stringify(value)).sort())
  return { sortedValues, queueIdsReserved }
}
