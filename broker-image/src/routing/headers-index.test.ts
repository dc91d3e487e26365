/** The index finds what a look at each binding by itself would find. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fieldKey } from './arguments.ts'
import { type HeadersBinding, HeadersIndex, type WantedHeader } from './headers-index.ts'

const NAMES = ['a', 'b', 'c', 'constructor']
const header = fc.record({ name: fc.constantFrom(...NAMES), value: fc.constantFrom(1, 2, 'x', null) })
const headers = fc.array(header, { maxLength: 4 }).map(list => Object.fromEntries(list.map(h => [h.name, h.value])))
const binding = fc.record({ every: fc.boolean(), headers, leaves: fc.boolean() })

test('a message meets few of the bindings that have a header in common', () => {
  let met = 0
  const index = new HeadersIndex<number>()
  for (let at = 0; at < 1_000; at++) {
    const wanted: WantedHeader[] = ['reading', at].map((value, nth) => [NAMES[nth]!, fieldKey(value)])
    index.add({
      destination: at,
      every: true,
      get wanted() {
        met++
        return wanted
      },
    })
  }
  met = 0
  const found = new Set<number>()
  index.match({ a: 'reading', b: 500 }, found)
  expect([...found]).toEqual([500])
  expect(met).toBeLessThan(5)
})

test('every binding that matches is found, and no other', () => {
  fc.assert(
    fc.property(fc.array(binding, { maxLength: 12 }), fc.array(headers, { maxLength: 6 }), (specs, messages) => {
      const bindings = specs.map((spec, at): HeadersBinding<number> => {
        const wanted = Object.entries(spec.headers).map(
          ([name, value]): WantedHeader => [name, value === null ? undefined : fieldKey(value)],
        )
        return { destination: at, every: spec.every, wanted }
      })
      const index = new HeadersIndex<number>()
      for (const each of bindings) index.add(each)
      for (const [at, { leaves }] of specs.entries()) if (leaves) index.remove(bindings[at]!)
      for (const message of messages) {
        const found = new Set<number>()
        index.match(message, found)
        const expected = specs.flatMap((spec, at) => {
          const hits = Object.entries(spec.headers).map(
            ([name, value]) => Object.hasOwn(message, name) && (value === null || message[name] === value),
          )
          return !spec.leaves && (spec.every ? hits.every(Boolean) : hits.some(Boolean)) ? [at] : []
        })
        expect([...found].sort((a, b) => a - b)).toEqual(expected)
      }
    }),
  )
})
