/**
 * The consistent hash exchange: messages that hash alike go to the same destination, and each destination gets a share
 * by its weight, which is the routing key of its binding [rabbitmq_consistent_hash_exchange].
 *
 * Each destination makes its own bid for a message, and the highest one wins (rendezvous hashing). So it is the bindings
 * alone that decide, not their history; and one that comes or goes moves nothing between the others.
 */

import { ChannelError } from '../wire/errors.ts'
import type { FieldTable } from '../wire/field-table.ts'
import { argumentsKey } from './arguments.ts'
import type { Exchange, ExchangeTraits, RoutedMessage } from './exchange.ts'
import { hashOf, mix } from './hash.ts'
import { hashedValueOf } from './hashed-value.ts'

const SECOND_SEED = 0x9e3779b9
const HASH_RANGE = 2 ** 32

interface Bidder<D> {
  readonly destination: D
  readonly identity: string
  /** Two hashes of the identity: no two destinations share both. */
  readonly first: number
  readonly second: number
  readonly weights: Map<string, number>
  /** The sum of the weights. */
  weight: number
}

export class ConsistentHashExchange<D> implements Exchange<D> {
  readonly type = 'x-consistent-hash'
  readonly needsMessage: boolean
  readonly #identify: (destination: D) => string
  readonly #hashed: (message: RoutedMessage) => string
  readonly #bidders = new Map<D, Bidder<D>>()
  /** How many bidders have each weight: where all have the same, hashes are compared as they are. */
  readonly #weights = new Map<number, number>()

  constructor({ arguments: args, identify }: ExchangeTraits<D>) {
    const { needsMessage, hashed } = hashedValueOf(args)
    this.needsMessage = needsMessage
    this.#hashed = hashed
    this.#identify = identify
  }

  get isEmpty(): boolean {
    return this.#bidders.size === 0
  }

  /** Raises PRECONDITION_FAILED for a routing key that is no weight. */
  validateBinding(_args: FieldTable, routingKey: string): void {
    weightIn(routingKey)
  }

  bind(destination: D, routingKey: string, args: FieldTable): void {
    const weight = weightIn(routingKey)
    const bidder = this.#bidders.get(destination) ?? newBidder(destination, this.#identify(destination))
    this.#bidders.set(destination, bidder)
    bidder.weights.set(bindingKey(routingKey, args), weight)
    this.#weigh(bidder)
  }

  unbind(destination: D, routingKey: string, args: FieldTable): void {
    const bidder = this.#bidders.get(destination)
    if (!bidder?.weights.delete(bindingKey(routingKey, args))) return
    if (bidder.weights.size === 0) this.#bidders.delete(destination)
    this.#weigh(bidder)
  }

  route(message: RoutedMessage, found: Set<D>): void {
    const hash = hashOf(this.#hashed(message))
    let best: Bidder<D> | undefined
    let bestBid = 0
    for (const bidder of this.#bidders.values()) {
      const bid = this.#bidOf(bidder, hash)
      if (best === undefined || bid > bestBid || (bid === bestBid && bidder.identity < best.identity)) {
        best = bidder
        bestBid = bid
      }
    }
    if (best !== undefined) found.add(best.destination)
  }

  /** The logarithm makes the chance of the highest bid proportional to the weight. */
  #bidOf({ first, second, weight }: Bidder<D>, hash: number): number {
    const drawn = mix(mix(hash ^ first) ^ second)
    return this.#weights.size === 1 ? drawn : Math.log((drawn + 0.5) / HASH_RANGE) / weight
  }

  #weigh(bidder: Bidder<D>): void {
    this.#count(bidder.weight, -1)
    bidder.weight = 0
    for (const weight of bidder.weights.values()) bidder.weight += weight
    this.#count(bidder.weight, 1)
  }

  #count(weight: number, change: number): void {
    if (weight === 0) return
    const count = (this.#weights.get(weight) ?? 0) + change
    if (count === 0) this.#weights.delete(weight)
    else this.#weights.set(weight, count)
  }
}

function newBidder<D>(destination: D, identity: string): Bidder<D> {
  const [first, second] = [hashOf(identity), hashOf(identity, SECOND_SEED)]
  return { destination, identity, first, second, weights: new Map(), weight: 0 }
}

function weightIn(routingKey: string): number {
  if (!/^[+-]?[0-9]+$/.test(routingKey)) {
    const given = routingKey === '' ? '<<>>' : `<<"${routingKey}">>`
    throw new ChannelError('PRECONDITION_FAILED', `The binding key must be an integer: ${given}`)
  }
  const weight = Number(routingKey)
  if (weight < 1) throw new ChannelError('PRECONDITION_FAILED', 'The binding key must be greater than 0')
  return weight
}

const bindingKey = (routingKey: string, args: FieldTable): string => `${routingKey} ${argumentsKey(args)}`
