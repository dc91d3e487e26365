/** The types of exchanges by RabbitMQ's names. */

import type { FieldTable } from '../wire/field-table.ts'
import { ConsistentHashExchange } from './consistent-hash.ts'
import { DirectExchange } from './direct.ts'
import type { Exchange, ExchangeTraits } from './exchange.ts'
import { FanoutExchange } from './fanout.ts'
import { hashedValueOf } from './hashed-value.ts'
import { HeadersExchange } from './headers.ts'
import {
  DEDUPLICATION_TYPE,
  DELAYED_TYPE,
  delayedType,
  HISTORY_TYPE,
  validateCacheExchange,
  validateDeduplication,
  validateDelayed,
  validateHistory,
} from './held-types.ts'
import { modulusHashExchange, randomExchange } from './picking.ts'
import { TopicExchange } from './topic.ts'

/** Of the types that keep messages, what is created here has their bindings. */
interface ExchangeType {
  readonly description: string
  create<D>(traits: ExchangeTraits<D>): Exchange<D>
  /** Raises PRECONDITION_FAILED for arguments that no exchange of the type can have. */
  validate?(args: FieldTable): void
}

const EXCHANGE_TYPES: { readonly [type: string]: ExchangeType } = {
  direct: { description: 'AMQP direct exchange', create: <D>() => new DirectExchange<D>() },
  fanout: { description: 'AMQP fanout exchange', create: <D>() => new FanoutExchange<D>() },
  headers: { description: 'AMQP headers exchange', create: <D>() => new HeadersExchange<D>() },
  topic: { description: 'AMQP topic exchange', create: <D>() => new TopicExchange<D>() },
  'x-consistent-hash': {
    description: 'Consistent hash exchange: by weight',
    create: <D>(traits: ExchangeTraits<D>) => new ConsistentHashExchange(traits),
    validate: hashedValueOf,
  },
  'x-modulus-hash': {
    description: 'Modulus hash exchange: by number of bindings',
    create: modulusHashExchange,
  },
  'x-random': {
    description: 'Random exchange: one binding a message',
    create: randomExchange,
  },
  [DELAYED_TYPE]: {
    description: 'Delayed message exchange',
    create: <D>(traits: ExchangeTraits<D>) => createExchange(delayedType(traits.arguments), traits)!,
    validate: args => validateDelayed(args, isExchangeType, validateExchangeArguments),
  },
  [DEDUPLICATION_TYPE]: {
    description: 'Message deduplication exchange',
    create: <D>() => new FanoutExchange<D>(),
    validate: validateCacheExchange,
  },
  [HISTORY_TYPE]: {
    description: 'Recent history exchange',
    create: <D>() => new FanoutExchange<D>(),
    validate: validateHistory,
  },
}

/** The types, as the management API lists them. */
export function exchangeTypes(): { readonly name: string; readonly description: string }[] {
  return Object.entries(EXCHANGE_TYPES).map(([name, { description }]) => ({ name, description }))
}

export function isExchangeType(type: string): boolean {
  return Object.hasOwn(EXCHANGE_TYPES, type)
}

/** Raises PRECONDITION_FAILED for arguments that an exchange of a known type can't have. */
export function validateExchangeArguments(type: string, args: FieldTable): void {
  EXCHANGE_TYPES[type]?.validate?.(args)
  validateDeduplication(args)
}

/** An exchange without bindings; undefined for an unknown type. */
export function createExchange<D>(type: string, traits: ExchangeTraits<D>): Exchange<D> | undefined {
  return isExchangeType(type) ? EXCHANGE_TYPES[type]!.create(traits) : undefined
}
