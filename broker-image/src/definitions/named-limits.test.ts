/** Limits of virtual hosts and users: what is taken, what is refused in RabbitMQ's words, and what they bound. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Definitions } from './definitions.ts'
import { limitsOfVhost, userLimit, userLimitsFrom, VHOST_LIMITS, vhostLimit, vhostLimitsFrom } from './named-limits.ts'

const journal = { append: () => undefined, whenStable: (done: () => void) => done() }

function definitionsWith(queues?: number): Definitions {
  const definitions = new Definitions(journal)
  const value = queues === undefined ? {} : { 'max-queues': queues }
  definitions.put('parameter', { vhost: 'v', ...VHOST_LIMITS, value }, { durable: true })
  return definitions
}

test('known limits with whole numbers are taken as they are, also negative ones', () => {
  const names = ['max-connections', 'max-queues']
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), fc.maxSafeInteger()), limits => {
      expect(vhostLimitsFrom(limits)).toEqual({ ...limits })
    }),
  )
  expect(userLimitsFrom({ 'max-channels': -1 })).toEqual({ 'max-channels': -1 })
  expect(vhostLimitsFrom([])).toEqual({})
})

describe('refused in the words of RabbitMQ', () => {
  test.each([
    [{ 'max-foo': 2 }, 'Validation failed\n\nUnrecognised terms [{<<"max-foo">>,2}] in limits\n'],
    [{ 'max-queues': '2' }, 'Validation failed\n\nmax-queues should be a number, actually was <<"2">>\n'],
    [{ 'max-queues': 1.5 }, 'Validation failed\n\nmax-queues should be a number, actually was 1.5\n'],
  ])('%j of a virtual host', (limits, words) => {
    expect(() => vhostLimitsFrom(limits)).toThrow(words)
  })

  test.each([
    [{ 'max-queues': 2 }, 'Unrecognised terms [{<<"max-queues">>,2}] in user-limits'],
    [{ 'max-channels': '2' }, 'max-channels should be a number, actually was <<"2">>'],
    ['many', 'user-limits should be an object'],
  ])('%j of a user', (limits, words) => {
    expect(() => userLimitsFrom(limits)).toThrow(words)
  })
})

test('a limit bounds by its number, and none or a negative one does not bound', () => {
  expect(vhostLimit(definitionsWith(3), 'v', 'max-queues')).toBe(3)
  expect(vhostLimit(definitionsWith(0), 'v', 'max-queues')).toBe(0)
  for (const unbound of [definitionsWith(), definitionsWith(-1), new Definitions(journal)]) {
    expect(vhostLimit(unbound, 'v', 'max-queues')).toBe(Number.POSITIVE_INFINITY)
  }
  expect(userLimit(definitionsWith(), 'nobody', 'max-channels')).toBe(Number.POSITIVE_INFINITY)
  expect(limitsOfVhost(definitionsWith(3), 'v')).toEqual({ 'max-queues': 3 })
})
