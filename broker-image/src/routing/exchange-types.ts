/** The types of exchanges by RabbitMQ's names. */

import { DirectExchange } from './direct.ts'
import type { Exchange } from './exchange.ts'
import { FanoutExchange } from './fanout.ts'
import { HeadersExchange } from './headers.ts'
import { TopicExchange } from './topic.ts'

const EXCHANGE_TYPES: { readonly [type: string]: new <D>() => Exchange<D> } = {
  direct: DirectExchange,
  fanout: FanoutExchange,
  headers: HeadersExchange,
  topic: TopicExchange,
}

/** Names of the types, as the management API lists them. */
export function exchangeTypes(): string[] {
  return Object.keys(EXCHANGE_TYPES)
}

/** An exchange without bindings; undefined for an unknown type. */
export function createExchange<D>(type: string): Exchange<D> | undefined {
  if (!Object.hasOwn(EXCHANGE_TYPES, type)) return undefined
  return new EXCHANGE_TYPES[type]!<D>()
}
