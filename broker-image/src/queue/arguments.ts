/** Arguments of `queue.declare`: which there are, what each may hold, and what two declarations must agree on [RabbitMQ 3.10 `declare_args`]. */
import type { Arguments, ArgumentValue } from '../definitions/model.ts'
import { NAME_BYTES_MAX, TTL_MS_MAX } from '../limits.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'
import { integerIn } from './integer.ts'

/** Answers what is wrong with a value, in the words of RabbitMQ, or undefined when it is good. */
type Check = (value: ArgumentValue) => string | undefined

function integerFrom(least: number): Check {
  return value => {
    const integer = integerIn(value)
    if (integer === undefined) return `"expected integer, got ${amqpType(value)}"`
    if (integer < least) return least === 1 && integer === 0n ? '{value_zero,0}' : `{value_negative,${integer}}`
    return undefined
  }
}

function timeFrom(least: number): Check {
  return integerBetween(least, TTL_MS_MAX, 'value_too_large')
}

function integerBetween(least: number, most: number, problem: string): Check {
  const fromLeast = integerFrom(least)
  return value => {
    const integer = integerIn(value)
    return fromLeast(value) ?? (integer !== undefined && integer > most ? `{${problem},${integer}}` : undefined)
  }
}

const text: Check = value => (typeof value === 'string' ? undefined : `{unacceptable_type,${amqpType(value)}}`)
const boolean: Check = value => (typeof value === 'boolean' ? undefined : `{unacceptable_type,${amqpType(value)}}`)

/** A dead letter with a longer routing key would fit no frame. */
const routingKey: Check = value =>
  text(value) ??
  (Buffer.byteLength(value as string) > NAME_BYTES_MAX ? `"longer than ${NAME_BYTES_MAX} bytes"` : undefined)

/** `problem`: what is said of another word. */
function oneOf(words: readonly string[], problem: (word: string) => string): Check {
  return value => text(value) ?? (words.includes(value as string) ? undefined : problem(value as string))
}

function integerUpTo(most: number): Check {
  return integerBetween(0, most, 'max_value_exceeded')
}

/** What a queue does that its argument asks for. */
interface ArgumentRule {
  readonly check: Check
  /** Types of queues that may have it; a second declaration must give the same value. */
  readonly types: readonly QueueType[]
}

export type QueueType = 'classic' | 'quorum' | 'stream'

const forBoth = (check: Check): ArgumentRule => ({ check, types: ['classic', 'quorum'] })
const forClassic = (check: Check): ArgumentRule => ({ check, types: ['classic'] })
const forQuorum = (check: Check): ArgumentRule => ({ check, types: ['quorum'] })
const forStreams: ArgumentRule = { check: () => undefined, types: ['stream'] }

const LOCATORS = ['client-local', 'balanced', 'random', 'least-leaders']

/**
 * Every argument known to RabbitMQ 3.10, in the order in which it checks them. Delivery limits, dead-letter strategies
 * and leader locators are for classic queues as well.
 */
const RULES: Readonly<Record<string, ArgumentRule>> = {
  'x-expires': forBoth(timeFrom(1)),
  'x-message-ttl': forBoth(timeFrom(0)),
  'x-dead-letter-exchange': forBoth(text),
  'x-dead-letter-routing-key': forBoth(routingKey),
  'x-dead-letter-strategy': forBoth(oneOf(['at-most-once', 'at-least-once'], () => 'invalid_dlx_strategy')),
  'x-max-length': forBoth(integerFrom(0)),
  'x-max-length-bytes': forBoth(integerFrom(0)),
  'x-max-in-memory-length': forQuorum(integerFrom(0)),
  'x-max-in-memory-bytes': forQuorum(integerFrom(0)),
  'x-max-priority': forClassic(integerUpTo(255)),
  'x-overflow': forBoth(oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], () => 'invalid_overflow')),
  'x-queue-mode': forClassic(oneOf(['default', 'lazy'], word => `"unsupported queue mode '${word}'"`)),
  'x-queue-version': forClassic(integerUpTo(2)),
  'x-single-active-consumer': forBoth(boolean),
  'x-queue-type': forBoth(text),
  'x-quorum-initial-group-size': forQuorum(integerFrom(1)),
  'x-max-age': forStreams,
  'x-stream-max-segment-size-bytes': forStreams,
  'x-initial-cluster-size': forStreams,
  'x-queue-leader-locator': forBoth(oneOf(LOCATORS, () => 'invalid_queue_locator_arg')),
  'x-queue-master-locator': forClassic(text),
  'x-delivery-limit': forBoth(integerFrom(0)),
  'x-message-deduplication': forBoth(boolean),
  'x-deduplication-header': forBoth(text),
  'x-cache-size': forBoth(integerFrom(1)),
  'x-cache-ttl': forBoth(timeFrom(1)),
}

/** The type that a queue with these arguments has. */
export function queueType(args: Arguments): QueueType {
  return (args['x-queue-type'] ?? 'classic') as QueueType
}

/**
 * Refuses arguments that RabbitMQ would refuse.
 * @throws ChannelError 406 for a bad value or an argument of another type of queue, ConnectionError 540 for a stream.
 */
export function validateQueueArguments(name: string, vhost: string, args: Arguments): void {
  const resource = `queue '${name}' in vhost '${vhost}'`
  checkType(resource, args['x-queue-type'])
  const type = queueType(args)
  for (const [key, { check, types }] of Object.entries(RULES)) {
    const value = args[key]
    if (value === undefined || !types.includes(type)) continue
    const problem = check(value)
    if (problem !== undefined) throw invalid(`arg '${key}' for ${resource}: ${problem}`)
  }
  for (const key of Object.keys(args)) {
    if (!Object.hasOwn(RULES, key) || RULES[key]!.types.includes(type)) continue
    throw invalid(`arg '${key}' for ${resource} of queue type rabbit_${type}_queue`)
  }
  if (args['x-dead-letter-routing-key'] !== undefined && args['x-dead-letter-exchange'] === undefined) {
    throw invalid(`arg 'x-dead-letter-routing-key' for ${resource}: routing_key_but_no_dlx_defined`)
  }
}

function checkType(resource: string, type: ArgumentValue | undefined): void {
  if (type === undefined || type === 'classic' || type === 'quorum') return
  if (type === 'stream') throw new ConnectionError('NOT_IMPLEMENTED', `queue type '${type}' is not supported yet`)
  throw invalid(`arg 'x-queue-type' for ${resource}: ${text(type) ?? `"unsupported queue type '${type}'"`}`)
}

function invalid(what: string): ChannelError {
  return new ChannelError('PRECONDITION_FAILED', `invalid ${what}`)
}

/**
 * Compares a second declaration with the queue that exists. Unknown arguments do not count.
 * @throws ChannelError 406 naming the first argument that differs.
 */
export function assertEquivalentArguments(resource: string, current: Arguments, received: Arguments): void {
  for (const key of Object.keys(RULES)) {
    // A classic queue is one with or without a word about it.
    if (key === 'x-queue-type' && queueType(current) === queueType(received)) continue
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
  if (JSON.stringify(received) === JSON.stringify(current) || isSameInteger(received, current)) return
  const isSameType = received !== undefined && current !== undefined && amqpType(received) === amqpType(current)
  const told = (value: ArgumentValue | undefined): string => {
    if (value === undefined) return 'none'
    const text = integerIn(value) ?? value
    return isSameType || typeof value === 'boolean' ? `'${text}'` : `the value '${text}' of type '${amqpType(value)}'`
  }
  throw new ChannelError(
    'PRECONDITION_FAILED',
    `inequivalent arg '${key}' for ${resource}: received ${told(received)} but current is ${told(current)}`,
  )
}

/** One beyond 2^53 came exactly over AMQP, and as a number over HTTP. */
function isSameInteger(one: ArgumentValue | undefined, other: ArgumentValue | undefined): boolean {
  if (typeof one !== 'number' && typeof other !== 'number') return false
  const [integer, another] = [integerIn(one), integerIn(other)]
  return integer !== undefined && another !== undefined && Number(integer) === Number(another)
}

/** The name of a value's type in RabbitMQ's words. */
export function amqpType(value: ArgumentValue): string {
  if (!Number.isSafeInteger(value) && integerIn(value) !== undefined) return 'long'
  if (typeof value === 'number') return Number.isInteger(value) ? 'signedint' : 'double'
  if (typeof value === 'boolean') return 'bool'
  if (value === null) return 'void'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'string' ? 'longstr' : 'table'
}
