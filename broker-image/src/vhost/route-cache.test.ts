/** The cache of routes against a map. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ROUTES_CACHED_MAX } from '../limits.ts'
import { type Route, RouteCache, sameBytes } from './route-cache.ts'

const routeOf = (routingKey: string): Route => ({ routingKey }) as Route

test('answers what a map would, for keys anywhere in a buffer', () => {
  const key = fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes))
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), fc.array(key, { maxLength: 50 }), (known, asked) => {
      const cache = new RouteCache()
      const model = new Map<string, Route>()
      for (const bytes of known) {
        const name = bytes.toString('hex')
        if (model.has(name)) continue
        model.set(name, routeOf(name))
        cache.set(Buffer.concat([Buffer.from('ab'), bytes]), 2, 2 + bytes.length, model.get(name)!)
      }
      for (const bytes of [...known, ...asked]) {
        const found = cache.get(Buffer.concat([bytes, Buffer.from('c')]), 0, bytes.length)
        expect(found).toBe(model.get(bytes.toString('hex')))
      }
      cache.clear()
      for (const bytes of known) expect(cache.get(bytes, 0, bytes.length)).toBeUndefined()
    }),
  )
})

test('starts over when it is full', () => {
  const cache = new RouteCache()
  const key = Buffer.alloc(4)
  for (let i = 0; i <= ROUTES_CACHED_MAX; i++) {
    key.writeUInt32BE(i)
    cache.set(key, 0, 4, routeOf(String(i)))
  }
  expect(cache.get(key, 0, 4)?.routingKey).toBe(String(ROUTES_CACHED_MAX))
  key.writeUInt32BE(1)
  expect(cache.get(key, 0, 4)).toBeUndefined()
})

test('keys are the same only when every byte is', () => {
  const source = Buffer.from('xabcx')
  expect(sameBytes(Buffer.from('abc'), source, 1, 4)).toBe(true)
  expect(sameBytes(Buffer.from('abd'), source, 1, 4)).toBe(false)
  expect(sameBytes(Buffer.from('ab'), source, 1, 4)).toBe(false)
})
