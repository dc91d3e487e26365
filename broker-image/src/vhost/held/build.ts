/** Builds the exchanges of a virtual host; those that keep messages get queues for them that nobody sees. */
import type { Arguments, ExchangeDefinition } from '../../definitions/model.ts'
import { QueueCounters } from '../../queue/counters.ts'
import { BY_ROUTING_KEY } from '../../queue/key-index.ts'
import { Queue } from '../../queue/queue.ts'
import type { Exchange } from '../../routing/exchange.ts'
import { createExchange } from '../../routing/exchange-types.ts'
import {
  cacheSettings,
  DEDUPLICATES,
  DEDUPLICATION_TYPE,
  DELAYED_TYPE,
  delayedType,
  HISTORY_TYPE,
  historyLength,
} from '../../routing/held-types.ts'
import { type Destination, type Held, identify } from '../vhost-exchange.ts'
import { DeduplicatingLayer } from './deduplicating-layer.ts'
import { DelayingLayer } from './delaying-layer.ts'
import { HistoryLayer } from './history-layer.ts'
import { LayeredExchange } from './layered-exchange.ts'
import type { Hold, HoldingSite, Layer } from './site.ts'

/** What an exchange does with messages besides routing them, the outermost first. */
type LayerKind = 'deduplicates' | 'delays' | 'remembers'

/** How many hidden queues an exchange needs. */
export function hiddenQueues({ type, arguments: args }: Pick<ExchangeDefinition, 'type' | 'arguments'>): number {
  return layersOf(type, args).length
}

function layersOf(type: string, args: Arguments): LayerKind[] {
  const own: LayerKind[] = args[DEDUPLICATES] === true && type !== DEDUPLICATION_TYPE ? ['deduplicates'] : []
  const inner = type === DELAYED_TYPE ? delayedType(args) : type
  if (type === DELAYED_TYPE) own.push('delays')
  if (inner === DEDUPLICATION_TYPE) own.push('deduplicates')
  if (inner === HISTORY_TYPE) own.push('remembers')
  return own
}

/** An exchange, and what it keeps. */
export interface Built {
  readonly exchange: Exchange<Destination>
  readonly held: Held
}

/** Undefined for an exchange of an unknown type. */
export function buildExchange(definition: Readonly<ExchangeDefinition>, site: HoldingSite): Built | undefined {
  const { type, arguments: args, hiddenQueueIds: ids = [] } = definition
  let exchange = createExchange<Destination>(type, { arguments: args, identify, randomBelow: site.context.randomBelow })
  if (exchange === undefined) return undefined
  const kinds = layersOf(type, args).slice(0, ids.length)
  const hidden = kinds.map((kind, at) => hiddenQueue(definition, kind, { id: ids[at]!, site }))
  let layer: Layer | undefined
  let history: HistoryLayer | undefined
  for (let at = kinds.length - 1; at >= 0; at--) {
    const hold: Hold = { queue: hidden[at]!, context: site.context }
    if (kinds[at] === 'delays') layer = new DelayingLayer(hold, site)
    else if (kinds[at] === 'deduplicates') layer = new DeduplicatingLayer(cacheSettings(args), hold, layer)
    else {
      history = new HistoryLayer(hold, site)
      layer = history
    }
    exchange = new LayeredExchange(type, layer, exchange)
  }
  const keys = hidden[kinds.indexOf('deduplicates')]?.keys ?? undefined
  return { exchange, held: { hidden, delayed: hidden[kinds.indexOf('delays')], keys, history } }
}

function hiddenQueue(
  { vhost, name, durable, arguments: args }: ExchangeDefinition,
  layer: LayerKind,
  { id, site }: { id: number; site: HoldingSite },
): Queue {
  const isKept = durable && (layer !== 'deduplicates' || cacheSettings(args).isKept)
  const flags = { durable: isKept, autoDelete: false, exclusive: false }
  return new Queue({ vhost, name, id, ...flags, arguments: argumentsOf(layer, args) }, null, site.context)
}

function argumentsOf(layer: LayerKind, args: Arguments): Arguments {
  if (layer === 'delays') return {}
  if (layer === 'remembers') return { 'x-max-length': historyLength(args) }
  return { 'x-max-length': cacheSettings(args).size, [DEDUPLICATES]: BY_ROUTING_KEY }
}

/** Ends a queue that nobody saw: what it counted is nobody's either. */
export function endHidden(queue: Queue): void {
  Object.assign(queue.counters, new QueueCounters())
  queue.delete()
}
