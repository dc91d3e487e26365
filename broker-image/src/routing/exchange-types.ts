/** The types of exchanges by RabbitMQ's names. */

import type { FieldTable } from '../wire/field-table.ts'
import { DirectExchange } from './direct.ts'
import type { Exchange } from './exchange.ts'
import { FanoutExchange } from './fanout.ts'
import { HeadersExchange } from './headers.ts'
import { TopicExchange } from './topic.ts'

/** What an exchange is made of. */
export interface ExchangeTraits<D> {
  /** The exchange's own arguments, checked already. */
  readonly arguments: FieldTable
  /** A text that is the same for a destination on every node and after every restart. */
  identify(destination: D): string
}

interface ExchangeType {
  create<D>(traits: ExchangeTraits<D>): Exchange<D>
  /** Raises PRECONDITION_FAILED for arguments that no exchange of the type can have. */
  validate?(args: FieldTable): void
}

const EXCHANGE_TYPES: { readonly [type: string]: ExchangeType } = {
  direct: { create: <D>() => new DirectExchange<D>() },
  fanout: { create: <D>() => new FanoutExchange<D>() },
  headers: { create: <D>() => new HeadersExchange<D>() },
  topic: { create: <D>() => new TopicExchange<D>() },
}

/** Names of the types, as the management API lists them. */
export function exchangeTypes(): string[] {
  return Object.keys(EXCHANGE_TYPES)
}

export function isExchangeType(type: string): boolean {
  return Object.hasOwn(EXCHANGE_TYPES, type)
}

/** Raises PRECONDITION_FAILED for arguments that an exchange of a known type can't have. */
export function validateExchangeArguments(type: string, args: FieldTable): void {
  EXCHANGE_TYPES[type]?.validate?.(args)
}

/** An exchange without bindings; undefined for an unknown type. */
export function createExchange<D>(type: string, traits: ExchangeTraits<D>): Exchange<D> | undefined {
  return isExchangeType(type) ? EXCHANGE_TYPES[type]!.create(traits) : undefined
}
