/** The direct exchange: a message goes where its routing key is bound. */

import type { FieldTable } from '../wire/field-table.ts'
import { Bound } from './bound.ts'
import type { Exchange, RoutedMessage } from './exchange.ts'

export class DirectExchange<D> implements Exchange<D> {
  readonly type = 'direct'
  readonly needsMessage = false
  readonly #boundByKey = new Map<string, Bound<D>>()

  get isEmpty(): boolean {
    return this.#boundByKey.size === 0
  }

  validateBinding(): void {}

  bind(destination: D, routingKey: string, args: FieldTable): void {
    let bound = this.#boundByKey.get(routingKey)
    if (bound === undefined) {
      bound = new Bound()
      this.#boundByKey.set(routingKey, bound)
    }
    bound.add(destination, args)
  }

  unbind(destination: D, routingKey: string, args: FieldTable): void {
    const bound = this.#boundByKey.get(routingKey)
    if (bound === undefined) return
    bound.remove(destination, args)
    if (bound.isEmpty) this.#boundByKey.delete(routingKey)
  }

  route({ routingKeys }: RoutedMessage, found: Set<D>): void {
    for (const key of routingKeys) this.#boundByKey.get(key)?.addTo(found)
  }
}
