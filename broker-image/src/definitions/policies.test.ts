/** Which policy is in force, and which are refused. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Arguments, PolicyDefinition } from './model.ts'
import { compilePolicies, matchPolicy, mergePolicies, type PolicySpec, validatePolicy } from './policies.ts'

/** One byte more than a short string has. */
const LONG = 'k'.repeat(256)

function spec(definition: Arguments, rest: Partial<PolicySpec> = {}): PolicySpec {
  return { pattern: '.*', applyTo: 'all', priority: 0, definition, ...rest }
}

function policy(name: string, rest: Partial<PolicyDefinition> = {}): PolicyDefinition {
  return { vhost: '/', name, pattern: '', applyTo: 'all', priority: 0, definition: { expires: 1 }, ...rest }
}

describe('a definition is accepted', () => {
  test.each<Arguments>([
    { 'message-ttl': 0 },
    { expires: 1, 'max-length': 0, 'max-length-bytes': 9, overflow: 'reject-publish-dlx' },
    { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'k', 'dead-letter-strategy': 'at-least-once' },
    { 'alternate-exchange': 'ae', 'queue-mode': 'lazy', 'queue-version': 2, 'delivery-limit': 3 },
    { 'ha-mode': 'all', 'ha-sync-mode': 'automatic', 'ha-promote-on-shutdown': 'always' },
    { 'ha-mode': 'exactly', 'ha-params': 2, 'ha-promote-on-failure': 'when-synced', 'ha-sync-batch-size': 5 },
    { 'ha-mode': 'nodes', 'ha-params': ['a', 'b'], 'queue-master-locator': 'min-masters' },
    { 'max-age': '1h', 'initial-cluster-size': 3, 'queue-leader-locator': 'balanced' },
  ])('%j', definition => {
    expect(validatePolicy(spec(definition))).toBeUndefined()
  })
})

describe('a definition is refused', () => {
  test.each<[Arguments, string]>([
    [{}, 'no policy provided'],
    [{ 'max-priority': 5 }, '[<<"max-priority">>] are not recognised policy settings'],
    [{ foo: 1, bar: 2 }, '[<<"foo">>,<<"bar">>] are not recognised policy settings'],
    [{ constructor: 1 }, '[<<"constructor">>] are not recognised policy settings'],
    [{ 'message-ttl': -1 }, '-1 is not a valid message TTL'],
    [{ 'message-ttl': '5' }, '<<"5">> is not a valid message TTL'],
    [{ 'message-ttl': 1.5 }, '1.5 is not a valid message TTL'],
    [{ expires: 0 }, '0 is not a valid queue expiry'],
    [{ 'max-length': null }, 'none is not a valid maximum length'],
    [{ overflow: 'foo' }, '<<"foo">> is not a valid overflow value'],
    [{ 'dead-letter-exchange': 1 }, '1 is not a valid dead letter exchange name'],
    [{ 'dead-letter-routing-key': LONG }, `<<"${LONG}">> is not a valid dead letter routing key`],
    [{ 'ha-mode': 'some' }, '<<"some">> is not a valid ha-mode value'],
    [{ 'ha-mode': 'all', 'ha-params': 2 }, 'ha-mode="all" does not take parameters, got 2'],
    [{ 'ha-mode': 'exactly' }, 'ha-mode="exactly" takes an integer, got none'],
    [{ 'ha-mode': 'nodes', 'ha-params': [] }, 'ha-mode="nodes" takes a list of at least one node name, got []'],
    [{ 'ha-sync-mode': 'manual' }, 'ha-mode must be specified to specify ha-sync-mode'],
  ])('%j: %s', (definition, message) => {
    expect(validatePolicy(spec(definition))).toBe(message)
  })

  test.each<[Partial<PolicySpec>, string]>([
    [{ pattern: '(' }, 'pattern should be regular expression, got <<"(">>: missing ) at offset 1'],
    [
      { pattern: '((a{9999}){9999})' },
      'pattern should be regular expression, got <<"((a{9999}){9999})">>: pattern is too large',
    ],
    [{ applyTo: 'streams' as 'all' }, 'apply-to should be one of queues, exchanges or all, got <<"streams">>'],
    [{ priority: 1.5 }, 'priority should be integer, got 1.5'],
  ])('%j: %s', (rest, message) => {
    expect(validatePolicy(spec({ expires: 1 }, rest))).toBe(message)
  })

  test('an operator policy has limits only', () => {
    expect(validatePolicy(spec({ 'max-length': 1 }), true)).toBeUndefined()
    expect(validatePolicy(spec({ 'queue-mode': 'lazy' }), true)).toContain('are not recognised')
  })
})

describe('the policy of a name', () => {
  test('is the one of the highest priority that matches name and kind, and the first by name of equals', () => {
    const policies = compilePolicies([
      policy('z', { priority: 1, pattern: '^or' }),
      policy('b'),
      policy('a'),
      policy('x', { priority: 9, applyTo: 'exchanges' }),
      policy('i', { priority: 2, pattern: '(?i)^SHIP' }),
    ])
    const names = ['orders', 'ship', 'other'].map(name => matchPolicy(policies, 'queues', name)?.name)
    expect(names).toEqual(['z', 'i', 'a'])
    expect(matchPolicy(policies, 'exchanges', 'orders')?.name).toBe('x')
    expect(matchPolicy(compilePolicies([]), 'queues', 'orders')).toBeUndefined()
  })

  test.each(['(a*)*!', '(?i)(A+)+!', '(?!(a+)+!)(a|aa)+!', '(a*)*\\1!', '(?<=a+)b'])(
    'is another one when a pattern takes too long, or is none: %s',
    pattern => {
      const policies = compilePolicies([policy('z', { priority: 1, pattern }), policy('a')])
      expect(matchPolicy(policies, 'queues', 'a'.repeat(255))?.name).toBe('a')
    },
  )

  test('does not depend on the order of the policies', () => {
    const policies = [policy('a'), policy('b', { priority: 1 }), policy('c', { priority: 1 }), policy('d')]
    fc.assert(
      fc.property(fc.shuffledSubarray(policies, { minLength: policies.length }), shuffled => {
        expect(matchPolicy(compilePolicies(shuffled), 'queues', 'q')?.name).toBe('b')
      }),
    )
  })

  test('merges with an operator policy to the lower limits', () => {
    const limits = policy('u', { definition: { 'max-length': 5, overflow: 'drop-head' } })
    const lower = policy('o', { definition: { 'max-length': 3, expires: 7 } })
    expect(mergePolicies(limits, lower)).toEqual({ 'max-length': 3, overflow: 'drop-head', expires: 7 })
    expect(mergePolicies(lower, limits)).toEqual({ 'max-length': 3, overflow: 'drop-head', expires: 7 })
    expect(mergePolicies(undefined, undefined)).toEqual({})
  })
})
