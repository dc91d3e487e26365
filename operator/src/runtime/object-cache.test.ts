/** What the cache makes of news that come late, twice or out of order, and that its indexes follow. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../objects.ts'
import { compareVersions, ObjectCache } from './object-cache.ts'

function object(name: string, version: number, uid = `${name}-1`, colour = 'red'): KubernetesObject {
  const metadata = { name, namespace: 'ns', uid, resourceVersion: `${version}` }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { colour } }
}

function told(cache: ObjectCache): string[] {
  const changes: string[] = []
  cache.subscribe(change => void changes.push(`${change.type} ${change.object.metadata.uid}`))
  return changes
}

describe('ObjectCache', () => {
  it('drops news that are older than what it holds, or the same', () => {
    const cache = new ObjectCache()
    const changes = told(cache)
    for (const version of [5, 4, 5, 10, 9]) cache.put(object('a', version))
    expect(changes).toEqual(['added a-1', 'updated a-1'])
    expect(cache.get('ns', 'a')?.metadata.resourceVersion).toBe('10')
  })

  it('does not bring back a deleted object by late news of it', () => {
    const cache = new ObjectCache()
    cache.put(object('a', 5))
    cache.remove(object('a', 7))
    cache.put(object('a', 6))
    expect(cache.size).toBe(0)
  })

  it('keeps a successor when the end of its predecessor comes late', () => {
    const cache = new ObjectCache()
    const changes = told(cache)
    cache.put(object('a', 5))
    cache.put(object('a', 8, 'a-2'))
    cache.remove(object('a', 7))
    expect(changes).toEqual(['added a-1', 'deleted a-1', 'added a-2'])
    expect(cache.get('ns', 'a')?.metadata.uid).toBe('a-2')
  })

  it('takes a complete list as the truth, also where versions went back', () => {
    const cache = new ObjectCache()
    cache.replace([object('a', 50), object('b', 51)], true)
    const changes = told(cache)
    cache.replace([object('a', 7)], false)
    expect(changes).toEqual(['deleted b-1', 'updated a-1'])
    expect(cache.get('ns', 'a')?.metadata.resourceVersion).toBe('7')
  })

  it('refuses a read by an index that it does not have', () => {
    expect(() => new ObjectCache().indexed('colour', 'red')).toThrow('no index colour')
  })

  it('answers by index what a search through all objects answers', () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      colour: fc.constantFrom('red', 'blue'),
      gone: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat({ max: 5 }), (steps, indexedAt) => {
        const colourOf = (held: KubernetesObject) => (held['data'] as { colour: string }).colour
        const cache = new ObjectCache()
        steps.forEach(({ name, colour, gone }, n) => {
          if (n === indexedAt) cache.addIndex('colour', object => [colourOf(object)])
          const held = cache.get('ns', name)
          if (gone && held !== undefined) cache.remove(held)
          else cache.put(object(name, n + 1, held?.metadata.uid ?? `${name}-${n}`, colour))
          for (const value of n < indexedAt ? [] : ['red', 'blue']) {
            const found = new Set(cache.indexed('colour', value))
            expect(found).toEqual(new Set(cache.list('').filter(other => colourOf(other) === value)))
          }
          expect(cache.list('ns')).toHaveLength(cache.size)
        })
      }),
    )
  })
})

describe('compareVersions', () => {
  it('compares as numbers of any length, and takes what is no number as newer', () => {
    expect(compareVersions('9', '10')).toBeLessThan(0)
    expect(compareVersions('12345678901234567891', '12345678901234567890')).toBeGreaterThan(0)
    expect(compareVersions('7', '7')).toBe(0)
    expect(compareVersions('abc', '7')).toBeGreaterThan(0)
    expect(compareVersions(undefined, undefined)).toBeGreaterThan(0)
  })
})
