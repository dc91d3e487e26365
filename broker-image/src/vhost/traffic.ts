/**
 * The messages of a virtual host: where a publish goes, who hears of it while there is a trace, and how it is taken in,
 * whoever it is from: a channel, a transaction, the management API or the broker itself.
 */
import { isUtf8 } from 'node:buffer'
import type { Arrival } from '../queue/intake.ts'
import type { Queue } from '../queue/queue.ts'
import type { RoutedMessage } from '../routing/exchange.ts'
import { routeMessage } from '../routing/router.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'
import { notFound } from './checks.ts'
import { offerAndKeep } from './held/keep.ts'
import type { HoldingContext } from './held/site.ts'
import { REPLY_ADDRESS_PREFIX } from './reply-address.ts'
import { type Route, RouteCache } from './route-cache.ts'
import type { Trace, TracedChannel } from './trace.ts'
import { type Destination, VhostExchange } from './vhost-exchange.ts'

/** What is there to send messages to. */
export interface Topology {
  /** Of the virtual host. */
  readonly name: string
  readonly exchanges: ReadonlyMap<string, VhostExchange>
}

export class Traffic {
  /** Grows with every change that may alter a route: a route remembered with an older number is stale. */
  routesVersion = 1
  /** Hears of every message, while the virtual host is traced. */
  trace: Trace | null = null
  readonly #topology: Topology
  readonly #context: HoldingContext
  readonly #routes = new RouteCache()

  constructor(topology: Topology, context: HoldingContext) {
    this.#topology = topology
    this.#context = context
  }

  /**
   * The route for the key bytes `[start, end)` of a publish: exchange and routing key as short strings.
   * @throws ChannelError 404 when there is no such exchange, 403 when it is internal.
   */
  route(source: Buffer, start: number, end: number): Route {
    const known = this.#routes.get(source, start, end)
    if (known !== undefined) return known
    const keyAt = start + 1 + source[start]!
    const exchange = this.#open(source.toString('utf8', start + 1, keyAt))
    const routingKey = keyText(source.subarray(keyAt + 1, end))
    const isReply = exchange.name === '' && routingKey.startsWith(REPLY_ADDRESS_PREFIX)
    const needsMessage = isReply || exchange.needsMessage(this.routesVersion)
    const queues = needsMessage ? [] : this.queuesFor(exchange, { routingKeys: [routingKey], properties: {} })
    const route = { exchange, routingKey, queues, needsMessage }
    this.#routes.set(source, start, end, route)
    return route
  }

  /** The exchange of this name, if it may be published to. @throws ChannelError 403, 404. */
  #open(name: string): VhostExchange {
    const exchange = this.#topology.exchanges.get(name)
    if (exchange === undefined) throw notFound('exchange', name, this.#topology.name)
    if (!exchange.definition.internal) return exchange
    throw new ChannelError(
      'ACCESS_REFUSED',
      `cannot publish to internal exchange '${name}' in vhost '${this.#topology.name}'`,
    )
  }

  /** The queues of a message, each once. */
  queuesFor(exchange: VhostExchange, message: RoutedMessage): Queue[] {
    return [...routeMessage<Queue>(exchange, message, isExchange)]
  }

  /**
   * Where a publish goes, of which the trace hears. `message` is null when its keys said everything: then it goes to the
   * queues of its `route`.
   */
  queuesOfPublish(
    arrival: Arrival,
    { exchange, queues }: Pick<Route, 'exchange' | 'queues'>,
    message: RoutedMessage | null,
    publisher: TracedChannel,
  ): readonly Queue[] {
    const found = message === null ? queues : this.queuesFor(exchange, message)
    if (this.trace !== null) this.trace.published(arrival, found, publisher)
    return found
  }

  /**
   * Takes in a publish: it is counted, and goes to its queues and to what exchanges keep. Answers as `offer`: the batch of
   * the log that must be stable before the publisher may hear that the message is safe, or `REFUSED`.
   */
  accept(arrival: Arrival, exchange: VhostExchange, queues: readonly Queue[], message: RoutedMessage | null): number {
    exchange.publishedIn++
    return offerAndKeep(this.#context, arrival, queues, message)
  }

  /** Forgets the routes that it remembers. */
  routesChanged(): void {
    this.routesVersion++
    this.#routes.clear()
  }
}

/** A remembered route has been here once, so that a publish costs no check. @throws ConnectionError 501. */
function keyText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new ConnectionError('FRAME_ERROR', 'routing key is not UTF-8')
  return bytes.toString('utf8')
}

const isExchange = (destination: Destination): destination is VhostExchange => destination instanceof VhostExchange
