/** What a queue does by its arguments and by the policy that matches it, merged as RabbitMQ merges them. */
import type { Arguments } from '../definitions/model.ts'
import { limitIn } from './integer.ts'

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx'

export interface QueueSettings {
  /** Milliseconds that a message lives; Infinity = for ever. */
  readonly messageTtlMs: number
  /** Milliseconds after which an unused queue goes; Infinity = never. */
  readonly expiresMs: number
  /** Ready messages, Infinity = no bound. */
  readonly maxLength: number
  /** Bytes of ready message bodies, Infinity = no bound. */
  readonly maxLengthBytes: number
  readonly overflow: Overflow
  /** How often a message may come back unacknowledged before it dies; Infinity = no bound, and nobody counts. */
  readonly deliveryLimit: number
  /** What is sent to the queue is kept whatever its publisher said. */
  readonly keepsAll: boolean
  /** Messages that come back are counted. */
  readonly countsReturns: boolean
  /** Name of the exchange for dead letters; undefined = they are dropped. */
  readonly deadLetterExchange: string | undefined
  /** Routing key for dead letters; undefined = their own. */
  readonly deadLetterRoutingKey: string | undefined
  /** A dead message waits here until another queue has it; else it is lost when none takes it at once. */
  readonly keepsDead: boolean
}

/**
 * Merges arguments (`x-…`) with a policy's definition: of two limits the lower wins, for everything else the argument
 * wins (observed on RabbitMQ 3.10 and 4.3).
 */
export function queueSettings(args: Arguments, policy: Arguments): QueueSettings {
  if (isEmpty(args) && isEmpty(policy)) return UNLIMITED
  return merged(args, policy)
}

function merged(args: Arguments, policy: Arguments): QueueSettings {
  const lower = (key: string): number => Math.min(limitIn(args[`x-${key}`]), limitIn(policy[key]))
  const either = (key: string): string | undefined => textOf(args[`x-${key}`]) ?? textOf(policy[key])
  const overflow = (either('overflow') ?? 'drop-head') as Overflow
  const deadLetterExchange = either('dead-letter-exchange')
  return {
    messageTtlMs: lower('message-ttl'),
    expiresMs: lower('expires'),
    maxLength: lower('max-length'),
    maxLengthBytes: lower('max-length-bytes'),
    overflow,
    deliveryLimit: lower('delivery-limit'),
    keepsAll: isQuorum(args),
    countsReturns: isQuorum(args) || lower('delivery-limit') !== Number.POSITIVE_INFINITY,
    deadLetterExchange,
    deadLetterRoutingKey: either('dead-letter-routing-key'),
    keepsDead: isAtLeastOnce(args, policy) && overflow === 'reject-publish' && deadLetterExchange !== undefined,
  }
}

/**
 * Why a queue that asks for at-least-once dead letters does not have them; undefined when it does, or does not ask.
 * RabbitMQ falls back the same way: a queue that drops messages at its limit would lose what it has to keep.
 */
export function keepsDeadProblem(args: Arguments, policy: Arguments): string | undefined {
  const settings = queueSettings(args, policy)
  if (!isAtLeastOnce(args, policy) || settings.keepsDead) return undefined
  if (settings.deadLetterExchange === undefined) return 'there is no dead-letter-exchange'
  return `overflow is ${settings.overflow}; at-least-once needs reject-publish`
}

/** Of such a queue the broker tells how often a message came back, and keeps all that is sent to it [RabbitMQ]. */
const isQuorum = (args: Arguments): boolean => args['x-queue-type'] === 'quorum'

const isAtLeastOnce = (args: Arguments, policy: Arguments): boolean =>
  (args['x-dead-letter-strategy'] ?? policy['dead-letter-strategy']) === 'at-least-once'

const isEmpty = (args: Arguments): boolean => Object.keys(args).length === 0
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** What a queue without arguments and policy has: one object for all of them, since there are many. */
const UNLIMITED = merged({}, {})
