/** The random exchange: each message goes to one of the bindings, whichever [rabbitmq_random_exchange]. */

import { randomInt } from 'node:crypto'
import type { FieldTable } from '../wire/field-table.ts'
import { BindingList } from './binding-list.ts'
import type { Exchange, ExchangeTraits, RoutedMessage } from './exchange.ts'

export class RandomExchange<D> implements Exchange<D> {
  readonly type = 'x-random'
  readonly needsMessage = true
  readonly #bindings: BindingList<D>

  constructor({ identify }: ExchangeTraits<D>) {
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

  route(_message: RoutedMessage, found: Set<D>): void {
    const { size } = this.#bindings
    if (size > 0) found.add(this.#bindings.at(randomInt(size)))
  }
}
