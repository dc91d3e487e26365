/** What a queue does by its arguments and by the policy that matches it, merged as RabbitMQ merges them. */
import type { Arguments } from '../definitions/model.ts'

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
  /** Name of the exchange for dead letters; undefined = they are dropped. */
  readonly deadLetterExchange: string | undefined
  /** Routing key for dead letters; undefined = their own. */
  readonly deadLetterRoutingKey: string | undefined
}

/**
 * Merges arguments (`x-…`) with a policy's definition: of two limits the lower wins, for everything else the argument
 * wins (observed on RabbitMQ 3.10 and 4.3).
 */
export function queueSettings(args: Arguments, policy: Arguments): QueueSettings {
  const lower = (key: string): number => Math.min(numberOf(args[`x-${key}`]), numberOf(policy[key]))
  const either = (key: string): string | undefined => textOf(args[`x-${key}`]) ?? textOf(policy[key])
  return {
    messageTtlMs: lower('message-ttl'),
    expiresMs: lower('expires'),
    maxLength: lower('max-length'),
    maxLengthBytes: lower('max-length-bytes'),
    overflow: (either('overflow') ?? 'drop-head') as Overflow,
    deliveryLimit: lower('delivery-limit'),
    deadLetterExchange: either('dead-letter-exchange'),
    deadLetterRoutingKey: either('dead-letter-routing-key'),
  }
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number.POSITIVE_INFINITY)
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
