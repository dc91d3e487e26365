/** Routing alone, through exchanges with many bindings. `make bench-micro` */

import type { Exchange, RoutedMessage } from '../../broker-image/src/routing/exchange.ts'
import { createExchange } from '../../broker-image/src/routing/exchange-types.ts'
import { routeMessage } from '../../broker-image/src/routing/router.ts'
import type { FieldTable } from '../../broker-image/src/wire/field-table.ts'
import { measure } from './measure.ts'

/** The destination is a text here: the exchange does not look at it. */
type Bound = { readonly key: string; readonly args?: FieldTable }
type Kind = {
  readonly name: string
  readonly type: string
  readonly bindings: readonly Bound[]
  readonly messages: readonly RoutedMessage[]
}

const MANY = 10_000
const USED = 1000

const KINDS: readonly Kind[] = [
  {
    name: 'direct, 10,000 bindings',
    type: 'direct',
    bindings: bindings(MANY, i => ({ key: `order-${i}` })),
    messages: messages(i => keyed(`order-${i * 10}`)),
  },
  { name: 'fanout, 100 bindings', type: 'fanout', bindings: bindings(100, () => ({ key: '' })), messages: [keyed('')] },
  {
    name: 'topic, 10,000 bindings as device.N.*.#',
    type: 'topic',
    bindings: bindings(MANY, i => ({ key: `device.${i}.*.#` })),
    messages: messages(i => keyed(`device.${i * 10 + 1}.temperature.celsius`)),
  },
  {
    name: 'topic, 10,000 bindings as *.N.# and #.end',
    type: 'topic',
    bindings: bindings(MANY, i => ({ key: i % 100 === 0 ? `#.end-${i}` : `*.${i}.#` })),
    messages: messages(i => keyed(`device.${i * 10 + 1}.temperature.celsius`)),
  },
  {
    name: 'headers, 100 bindings of two headers',
    type: 'headers',
    bindings: bindings(100, i => ({ key: '', args: { 'x-match': 'all', kind: 'reading', device: `device-${i}` } })),
    messages: messages(i => ({
      routingKeys: [''],
      properties: { headers: { kind: 'reading', device: `device-${i % 100}`, unit: 'celsius' } },
    })),
  },
  {
    name: 'x-consistent-hash, 100 bindings',
    type: 'x-consistent-hash',
    bindings: bindings(100, () => ({ key: '1' })),
    messages: messages(i => keyed(`customer-${i}`)),
  },
]

for (const { name, type, bindings, messages } of KINDS) {
  const exchange = createExchange<string>(type, {
    arguments: {},
    identify: destination => destination,
    randomBelow: () => 0,
  })
  if (exchange === undefined) throw new Error(`no such type: ${type}`)
  for (const [i, { key, args }] of bindings.entries()) exchange.bind(`queue-${i}`, key, args ?? {})
  await measure(name, routing(exchange, messages))
}

/** The whole way of a message that the cache of routes does not know. */
function routing(exchange: Exchange<string>, messages: readonly RoutedMessage[]): () => void {
  const start = { exchange, alternate: () => undefined }
  let at = 0
  return () => {
    at = (at + 1) % messages.length
    if (routeMessage<string>(start, messages[at]!, isNode).size === 0) throw new Error('nothing matched')
  }
}

function isNode(destination: unknown): destination is never {
  return typeof destination !== 'string'
}

function bindings(count: number, of: (index: number) => Bound): Bound[] {
  return Array.from({ length: count }, (_, i) => of(i))
}

function messages(of: (index: number) => RoutedMessage): RoutedMessage[] {
  return Array.from({ length: USED }, (_, i) => of(i))
}

function keyed(routingKey: string): RoutedMessage {
  return { routingKeys: [routingKey], properties: {} }
}
