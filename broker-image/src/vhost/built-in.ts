/** Exchanges that every virtual host has; nobody can delete them. */
import type { ExchangeDefinition } from '../definitions/model.ts'

const BUILT_IN: readonly (readonly [name: string, type: string, internal: boolean])[] = [
  ['amq.direct', 'direct', false],
  ['amq.fanout', 'fanout', false],
  ['amq.topic', 'topic', false],
  ['amq.headers', 'headers', false],
  ['amq.match', 'headers', false],
  ['amq.rabbitmq.trace', 'topic', true],
]

/** Those with a name. */
export function builtInExchanges(vhost: string): ExchangeDefinition[] {
  return BUILT_IN.map(([name, type, internal]) => builtIn(vhost, name, type, internal))
}

/** One that only the broker publishes to. */
export function reportExchange(vhost: string, name: string): ExchangeDefinition {
  return builtIn(vhost, name, 'topic', true)
}

/** The one without a name. */
export function defaultExchange(vhost: string): ExchangeDefinition {
  return builtIn(vhost, '', 'direct', false)
}

function builtIn(vhost: string, name: string, type: string, internal: boolean): ExchangeDefinition {
  return { vhost, name, type, durable: true, autoDelete: false, internal, arguments: {} }
}
