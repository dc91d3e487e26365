/** An exchange that sends each message to one of its bindings: which one, a number says that is drawn or hashed for it. */

import type { FieldTable } from '../wire/field-table.ts'
import { BindingList } from './binding-list.ts'
import type { Exchange, ExchangeTraits, RoutedMessage } from './exchange.ts'
import { hashOf } from './hash.ts'

/** How the binding is found, `count` being the number of bindings: the answer is below it. */
interface Choice {
  /** The same message may get another answer each time. */
  readonly varies: boolean
  of(message: RoutedMessage, count: number): number
}

class PickingExchange<D> implements Exchange<D> {
  readonly type: string
  readonly needsMessage: boolean
  readonly #choice: Choice
  readonly #bindings: BindingList<D>

  constructor(type: string, identify: (destination: D) => string, choice: Choice) {
    this.type = type
    this.needsMessage = choice.varies
    this.#choice = choice
    this.#bindings = new BindingList(identify)
  }

  get isEmpty(): boolean {
    return this.#bindings.size === 0
  }

  validateBinding(): void {}

  bind(destination: D, routingKey: string, args: FieldTable): void {
    this.#bindings.add(destination, routingKey, args)
  }

  unbind(destination: D, routingKey: string, args: FieldTable): void {
    this.#bindings.remove(destination, routingKey, args)
  }

  route(message: RoutedMessage, found: Set<D>): void {
    const { size } = this.#bindings
    if (size > 0) found.add(this.#bindings.at(this.#choice.of(message, size)))
  }
}

/** The hash of the routing keys, divided by the number of bindings, names one of them [rabbitmq_sharding]. */
export function modulusHashExchange<D>({ identify }: ExchangeTraits<D>): Exchange<D> {
  const of = ({ routingKeys }: RoutedMessage, count: number): number => hashOf(routingKeys.join('\0')) % count
  return new PickingExchange('x-modulus-hash', identify, { varies: false, of })
}

/** Any binding, each as likely as the others [rabbitmq_random_exchange]. */
export function randomExchange<D>({ identify, randomBelow }: ExchangeTraits<D>): Exchange<D> {
  return new PickingExchange('x-random', identify, { varies: true, of: (_message, count) => randomBelow(count) })
}
