/** The modulus hash exchange: the hash of the routing keys, divided by the number of bindings, names one of them [rabbitmq_sharding]. */

import type { FieldTable } from '../wire/field-table.ts'
import { BindingList } from './binding-list.ts'
import type { Exchange, ExchangeTraits, RoutedMessage } from './exchange.ts'
import { hashOf } from './hash.ts'

export class ModulusHashExchange<D> implements Exchange<D> {
  readonly type = 'x-modulus-hash'
  readonly needsMessage = false
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

  route({ routingKeys }: RoutedMessage, found: Set<D>): void {
    const { size } = this.#bindings
    if (size > 0) found.add(this.#bindings.at(hashOf(routingKeys.join('\0')) % size))
  }
}
