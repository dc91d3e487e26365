/** Destinations are held as long as their bindings. */

import { expect, test } from 'vitest'
import { Bound } from './bound.ts'

test('it is empty again when every binding of every destination is gone', () => {
  const bound = new Bound<string>()
  bound.add('a', {})
  bound.add('a', { x: 1 })
  bound.add('b', {})
  bound.remove('a', {})
  bound.remove('b', {})
  expect(bound.isEmpty).toBe(false)
  bound.remove('a', { x: 1 })
  expect(bound.isEmpty).toBe(true)
})
