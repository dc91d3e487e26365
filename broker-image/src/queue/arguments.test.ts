/** Which queue arguments are taken, and what two declarations must agree on. */
import { describe, expect, test } from 'vitest'
import type { Arguments } from '../definitions/model.ts'
import { assertEquivalentArguments, validateQueueArguments } from './arguments.ts'

/** As it comes over AMQP. */
const wide = (value: string) => ({ '!': 'int64', value })

describe('arguments', () => {
  test.each<Arguments>([
    {},
    { 'x-expires': 1, 'x-message-ttl': 0, 'x-max-length': 0, 'x-max-length-bytes': 0 },
    { 'x-overflow': 'reject-publish-dlx', 'x-single-active-consumer': false },
    {
      'x-queue-mode': 'lazy',
      'x-queue-version': 2,
      'x-queue-type': 'classic',
      'x-queue-master-locator': 'min-masters',
    },
    { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'k' },
    { 'x-message-ttl': 315_360_000_000 },
    { 'x-max-length': 2 ** 53, 'x-max-length-bytes': wide('9223372036854775807') },
    { 'x-max-priority': 0, 'x-delivery-limit': 0 },
    { 'x-max-priority': 255, 'x-delivery-limit': 3 },
    { 'x-dead-letter-strategy': 'at-least-once', 'x-queue-leader-locator': 'balanced' },
    { 'x-queue-type': 'quorum', 'x-delivery-limit': 1, 'x-quorum-initial-group-size': 3, 'x-max-in-memory-bytes': 0 },
    { 'x-ha-policy': 'nodes', 'x-ha-nodes': ['a'], 'x-ha-policy-params': ['a'] },
    { 'x-ha-policy': 'all', 'something-else': { deep: [1] }, toString: 1, constructor: 'x' },
  ])('%j are taken', args => {
    expect(() => validateQueueArguments('q', '/', args)).not.toThrow()
  })

  test.each<[Arguments, string]>([
    [{ 'x-expires': 0 }, '{value_zero,0}'],
    [{ 'x-expires': 315_360_000_001 }, '{value_too_large,315360000001}'],
    [{ 'x-expires': wide('9007199254740992') }, '{value_too_large,9007199254740992}'],
    [{ 'x-max-priority': wide('9223372036854775807') }, '{max_value_exceeded,9223372036854775807}'],
    [{ 'x-max-length': wide('-9223372036854775808') }, '{value_negative,-9223372036854775808}'],
    [{ 'x-overflow': wide('9007199254740992') }, '{unacceptable_type,long}'],
    [{ 'x-message-ttl': -1 }, '{value_negative,-1}'],
    [{ 'x-message-ttl': '5' }, '"expected integer, got longstr"'],
    [{ 'x-message-ttl': 1.5 }, '"expected integer, got double"'],
    [{ 'x-max-length': null }, '"expected integer, got void"'],
    [{ 'x-overflow': 'foo' }, 'invalid_overflow'],
    [{ 'x-overflow': 1 }, '{unacceptable_type,signedint}'],
    [{ 'x-single-active-consumer': 'yes' }, '{unacceptable_type,longstr}'],
    [{ 'x-queue-version': 3 }, '{max_value_exceeded,3}'],
    [{ 'x-max-priority': 256 }, '{max_value_exceeded,256}'],
    [{ 'x-max-priority': -1 }, '{value_negative,-1}'],
    [{ 'x-delivery-limit': -1 }, '{value_negative,-1}'],
    [{ 'x-queue-type': 'bogus' }, `"unsupported queue type 'bogus'"`],
    [{ 'x-queue-type': 1 }, '{unacceptable_type,signedint}'],
    [{ 'x-dead-letter-exchange': 5 }, '{unacceptable_type,signedint}'],
    [{ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'é'.repeat(128) }, '"longer than 255 bytes"'],
    [{ 'x-dead-letter-strategy': 'foo' }, 'invalid_dlx_strategy'],
    [{ 'x-queue-leader-locator': 'foo' }, 'invalid_queue_locator_arg'],
    [{ 'x-queue-type': 'quorum', 'x-quorum-initial-group-size': 0 }, '{value_zero,0}'],
    [{ 'x-queue-type': 'quorum', 'x-max-priority': 5, 'x-expires': -1 }, '{value_negative,-1}'],
    [{ 'x-dead-letter-routing-key': 'k' }, 'routing_key_but_no_dlx_defined'],
  ])('%j are refused with 406: %s', (args, problem) => {
    expect(() => validateQueueArguments('q', '/', args)).toThrow(expect.objectContaining({ code: 406 }))
    expect(() => validateQueueArguments('q', '/', args)).toThrow(`for queue 'q' in vhost '/': ${problem}`)
  })

  test('a stream is answered with 540', () => {
    const args = { 'x-queue-type': 'stream', 'x-max-age': '1D' }
    expect(() => validateQueueArguments('q', '/', args)).toThrow(expect.objectContaining({ code: 540 }))
  })

  test.each<[string, Arguments]>([
    ['classic', { 'x-max-in-memory-length': 5 }],
    ['classic', { 'x-quorum-initial-group-size': 3, 'x-queue-type': 'classic' }],
    ['classic', { 'x-max-age': '1D' }],
    ['quorum', { 'x-queue-type': 'quorum', 'x-max-priority': 5 }],
    ['quorum', { 'x-queue-type': 'quorum', 'x-queue-mode': 'lazy' }],
    ['quorum', { 'x-queue-type': 'quorum', 'x-queue-master-locator': 'min-masters' }],
    ['quorum', { 'x-queue-type': 'quorum', 'x-initial-cluster-size': 1 }],
  ])('a %s queue does not take %j', (type, args) => {
    const problem = new RegExp(`invalid arg '.*' for queue 'q' in vhost '/' of queue type rabbit_${type}_queue$`)
    expect(() => validateQueueArguments('q', '/', args)).toThrow(problem)
  })
})

describe('a second declaration', () => {
  const first = { 'x-max-length': 3, 'x-own': 1, 'x-single-active-consumer': true }

  test.each<Arguments>([first, { ...first, 'x-own': 2 }, { ...first, more: 1 }])('may say %j', second => {
    expect(() => assertEquivalentArguments("queue 'q'", first, second)).not.toThrow()
  })

  test.each<[Arguments, Arguments]>([
    [{}, { 'x-queue-type': 'classic' }],
    [{ 'x-queue-type': 'classic' }, {}],
    [{ 'x-ha-policy': 'all' }, { 'x-ha-policy': 'nodes' }],
    [{ 'x-max-length': 2 ** 53 }, { 'x-max-length': wide('9007199254740992') }],
    [{ 'x-max-length': wide('9223372036854775807') }, { 'x-max-length': 2 ** 63 }],
  ])('%j and %j are alike', (one, other) => {
    expect(() => assertEquivalentArguments("queue 'q'", one, other)).not.toThrow()
  })

  test.each<[Arguments, string]>([
    [{ ...first, 'x-queue-type': 'quorum' }, "the value 'quorum' of type 'longstr' but current is none"],
    [{ ...first, 'x-max-length': 4 }, "received '4' but current is '3'"],
    [{ 'x-single-active-consumer': true }, "'x-max-length' for queue 'q': received none"],
    [{ ...first, 'x-single-active-consumer': false }, "received 'false' but current is 'true'"],
    [{ ...first, 'x-overflow': 'drop-head' }, "received the value 'drop-head' of type 'longstr' but current is none"],
    [
      { ...first, 'x-max-length': wide('9223372036854775807') },
      "received the value '9223372036854775807' of type 'long'",
    ],
  ])('may not say %j', (second, problem) => {
    expect(() => assertEquivalentArguments("queue 'q'", first, second)).toThrow(problem)
  })
})
