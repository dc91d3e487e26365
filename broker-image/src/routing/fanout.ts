/** The fanout exchange: a message goes to everything that is bound, whatever its routing key. */

import type { FieldTable } from '../wire/field-table.ts'
import { Bound } from './bound.ts'
import type { Exchange, RoutedMessage } from './exchange.ts'

export class FanoutExchange<D> implements Exchange<D> {
  readonly type = 'fanout'
  readonly needsMessage = false
  /** Bindings differ in their keys even where routing ignores these, so that each needs its own unbind. */
  readonly #bound = new Bound<D>()

  get isEmpty(): boolean {
    return this.#bound.isEmpty
  }

  validateBinding(): void {}

  bind(destination: D, routingKey: string, args: FieldTable): void {
    this.#bound.add(destination, { routingKey, args })
  }

  unbind(destination: D, routingKey: string, args: FieldTable): void {
    this.#bound.remove(destination, { routingKey, args })
  }

  route(_message: RoutedMessage, found: Set<D>): void {
    this.#bound.addTo(found)
  }
}
