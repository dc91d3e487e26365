/** Arguments of `queue.declare`: which there are, what each may hold, and what two declarations must agree on [RabbitMQ 3.10 `declare_args`]. */
import type { Arguments, ArgumentValue } from '../definitions/model.ts'
import { TTL_MS_MAX } from '../limits.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'

/** Answers what is wrong with a value, in the words of RabbitMQ, or undefined when it is good. */
type Check = (value: ArgumentValue) => string | undefined

interface ArgumentRule {
  check: Check
  /** Whether a second declaration must give the same value. */
  compared: boolean
  /** False for an argument that is understood but not served yet: a declaration that uses it is answered 540. */
  served: boolean
}

function integerFrom(least: number): Check {
  return value => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return `"expected integer, got ${amqpType(value)}"`
    if (value < least) return least === 1 && value === 0 ? '{value_zero,0}' : `{value_negative,${value}}`
    return undefined
  }
}

function timeFrom(least: number): Check {
  const integer = integerFrom(least)
  return value => integer(value) ?? ((value as number) > TTL_MS_MAX ? `{value_too_large,${value}}` : undefined)
}

const text: Check = value => (typeof value === 'string' ? undefined : `{unacceptable_type,${amqpType(value)}}`)
const boolean: Check = value => (typeof value === 'boolean' ? undefined : `{unacceptable_type,${amqpType(value)}}`)

/** `problem`: what is said of another word. */
function oneOf(words: readonly string[], problem: (word: string) => string): Check {
  return value => text(value) ?? (words.includes(value as string) ? undefined : problem(value as string))
}

function integerUpTo(most: number): Check {
  const integer = integerFrom(0)
  return value => integer(value) ?? ((value as number) > most ? `{max_value_exceeded,${value}}` : undefined)
}

const served = (check: Check): ArgumentRule => ({ check, compared: true, served: true })
const later = (check: Check): ArgumentRule => ({ check, compared: true, served: false })

/** Every argument known to RabbitMQ 3.10 for classic queues, and whether it is served yet. */
const RULES: Readonly<Record<string, ArgumentRule>> = {
  'x-expires': served(timeFrom(1)),
  'x-message-ttl': served(timeFrom(0)),
  'x-dead-letter-exchange': served(text),
  'x-dead-letter-routing-key': served(text),
  'x-max-length': served(integerFrom(0)),
  'x-max-length-bytes': served(integerFrom(0)),
  'x-overflow': served(oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], () => 'invalid_overflow')),
  'x-single-active-consumer': served(boolean),
  'x-queue-mode': served(oneOf(['default', 'lazy'], word => `"unsupported queue mode '${word}'"`)),
  'x-queue-version': served(integerUpTo(2)),
  'x-queue-type': served(text),
  'x-queue-master-locator': served(text),
  'x-max-priority': served(integerUpTo(255)),
  'x-delivery-limit': served(integerFrom(0)),
  'x-dead-letter-strategy': later(
    oneOf(['at-most-once', 'at-least-once'], word => `{invalid_dlx_strategy,<<"${word}">>}`),
  ),
}

/**
 * Refuses arguments that RabbitMQ would refuse.
 * @throws ChannelError 406 for a bad value, ConnectionError 540 for one that is not served yet.
 */
export function validateQueueArguments(name: string, vhost: string, args: Arguments): void {
  for (const [key, rule] of Object.entries(RULES)) {
    const value = args[key]
    if (value === undefined) continue
    const problem = rule.check(value)
    if (problem !== undefined) {
      throw new ChannelError(
        'PRECONDITION_FAILED',
        `invalid arg '${key}' for queue '${name}' in vhost '${vhost}': ${problem}`,
      )
    }
    if (!rule.served) throw new ConnectionError('NOT_IMPLEMENTED', `queue argument '${key}' is not supported yet`)
  }
  refuseOtherTypes(name, vhost, args['x-queue-type'])
  if (args['x-dead-letter-routing-key'] !== undefined && args['x-dead-letter-exchange'] === undefined) {
    throw new ChannelError(
      'PRECONDITION_FAILED',
      `invalid arg 'x-dead-letter-routing-key' for queue '${name}' in vhost '${vhost}': routing_key_but_no_dlx_defined`,
    )
  }
}

function refuseOtherTypes(name: string, vhost: string, type: ArgumentValue | undefined): void {
  if (type === undefined || type === 'classic') return
  if (type === 'quorum' || type === 'stream') {
    throw new ConnectionError('NOT_IMPLEMENTED', `queue type '${type}' is not supported yet`)
  }
  throw new ChannelError(
    'PRECONDITION_FAILED',
    `invalid arg 'x-queue-type' for queue '${name}' in vhost '${vhost}': "unsupported queue type '${type}'"`,
  )
}

/**
 * Compares a second declaration with the queue that exists. Unknown arguments do not count.
 * @throws ChannelError 406 naming the first argument that differs.
 */
export function assertEquivalentArguments(resource: string, current: Arguments, received: Arguments): void {
  for (const [key, rule] of Object.entries(RULES)) {
    if (!rule.compared) continue
    assertEquivalent(resource, key, received[key], current[key])
  }
}

/** @throws ChannelError 406 `inequivalent arg` when the two values differ. */
export function assertEquivalent(
  resource: string,
  key: string,
  received: ArgumentValue | undefined,
  current: ArgumentValue | undefined,
): void {
  if (JSON.stringify(received) === JSON.stringify(current)) return
  const isSameType = received !== undefined && current !== undefined && amqpType(received) === amqpType(current)
  const told = (value: ArgumentValue | undefined): string => {
    if (value === undefined) return 'none'
    return isSameType || typeof value === 'boolean' ? `'${value}'` : `the value '${value}' of type '${amqpType(value)}'`
  }
  throw new ChannelError(
    'PRECONDITION_FAILED',
    `inequivalent arg '${key}' for ${resource}: received ${told(received)} but current is ${told(current)}`,
  )
}

/** The name of a value's type in RabbitMQ's words. */
export function amqpType(value: ArgumentValue): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'signedint' : 'double'
  if (typeof value === 'boolean') return 'bool'
  if (value === null) return 'void'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'string' ? 'longstr' : 'table'
}
