/** An exchange whose messages a layer looks at first; the bindings are those of the exchange within. */
import type { Exchange, RoutedMessage } from '../../routing/exchange.ts'
import type { FieldTable } from '../../wire/field-table.ts'
import type { Destination } from '../vhost-exchange.ts'
import type { Layer } from './site.ts'

export class LayeredExchange implements Exchange<Destination> {
  readonly type: string
  readonly needsMessage = true
  readonly #layer: Layer
  readonly #inner: Exchange<Destination>

  constructor(type: string, layer: Layer, inner: Exchange<Destination>) {
    this.type = type
    this.#layer = layer
    this.#inner = inner
  }

  get isEmpty(): boolean {
    return this.#inner.isEmpty
  }

  validateBinding(args: FieldTable, routingKey: string): void {
    this.#inner.validateBinding(args, routingKey)
  }

  bind(destination: Destination, routingKey: string, args: FieldTable): void {
    this.#inner.bind(destination, routingKey, args)
  }

  unbind(destination: Destination, routingKey: string, args: FieldTable): void {
    this.#inner.unbind(destination, routingKey, args)
  }

  route(message: RoutedMessage, found: Set<Destination>): void {
    if (this.#layer.admits(message)) this.#inner.route(message, found)
  }
}
