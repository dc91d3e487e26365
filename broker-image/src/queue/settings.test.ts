/** How arguments and policies add up. */
import { describe, expect, test } from 'vitest'
import type { Arguments } from '../definitions/model.ts'
import { type QueueSettings, queueSettings } from './settings.ts'

const cases: { [claim: string]: [args: Arguments, policy: Arguments, expected: Partial<QueueSettings>] } = {
  'nothing bounds a plain queue': [
    {},
    {},
    {
      messageTtlMs: Number.POSITIVE_INFINITY,
      expiresMs: Number.POSITIVE_INFINITY,
      maxLength: Number.POSITIVE_INFINITY,
      maxLengthBytes: Number.POSITIVE_INFINITY,
      overflow: 'drop-head',
      deliveryLimit: Number.POSITIVE_INFINITY,
      deadLetterExchange: undefined,
      deadLetterRoutingKey: undefined,
    },
  ],
  'the lower of two limits wins, whoever gives it': [
    { 'x-message-ttl': 5, 'x-max-length': 10, 'x-max-length-bytes': 7, 'x-expires': 30, 'x-delivery-limit': 4 },
    { 'message-ttl': 9, 'max-length': 3, 'max-length-bytes': 7, expires: 20, 'delivery-limit': 2 },
    { messageTtlMs: 5, maxLength: 3, maxLengthBytes: 7, expiresMs: 20, deliveryLimit: 2 },
  ],
  'a limit beyond 2^53 is a number that is compared': [
    { 'x-max-length-bytes': { '!': 'int64', value: '9223372036854775807' } },
    {},
    { maxLengthBytes: Number.MAX_SAFE_INTEGER },
  ],
  'a limit of zero is a limit': [{ 'x-max-length': 0, 'x-message-ttl': 0 }, {}, { maxLength: 0, messageTtlMs: 0 }],
  'the argument wins for overflow and dead letters': [
    { 'x-overflow': 'drop-head', 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'mine' },
    { overflow: 'reject-publish', 'dead-letter-exchange': 'theirs', 'dead-letter-routing-key': 'theirs' },
    { overflow: 'drop-head', deadLetterExchange: '', deadLetterRoutingKey: 'mine' },
  ],
  'a policy alone is in force': [
    {},
    { overflow: 'reject-publish-dlx', 'dead-letter-exchange': 'x', 'max-length': 1 },
    { overflow: 'reject-publish-dlx', deadLetterExchange: 'x', maxLength: 1 },
  ],
}

describe('settings', () => {
  test.each(Object.entries(cases))('%s', (_claim, [args, policy, expected]) => {
    expect(queueSettings(args, policy)).toMatchObject(expected)
  })
})
