/** `x-delayed-message`: holds messages for as long as their header `x-delay` says, then routes them as another type does. */

import type { Arrival } from '../../queue/intake.ts'
import type { WireBytes } from '../../queue/wire-bytes.ts'
import type { Exchange, RoutedMessage } from '../../routing/exchange.ts'
import { DELAYED_TYPE } from '../../routing/held-types.ts'
import type { FieldTable } from '../../wire/field-table.ts'
import type { Destination } from '../vhost-exchange.ts'
import { delayedHeaders, delayOf } from './delay.ts'
import { moveAndKeep } from './keep.ts'
import { Releases } from './releases.ts'
import type { Hold, Holder, HoldingSite } from './site.ts'
import { release, withHiddenKeys } from './stored-message.ts'

export class DelayedExchange implements Exchange<Destination>, Holder {
  readonly type = DELAYED_TYPE
  readonly needsMessage = true
  readonly postpones = true
  readonly #inner: Exchange<Destination>
  readonly #hold: Hold

  /** `inner` has the bindings. */
  constructor(inner: Exchange<Destination>, hold: Hold, site: HoldingSite) {
    this.#inner = inner
    this.#hold = hold
    new Releases(hold, (wire, settle) => this.#release(wire, settle, site))
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
    if (delayOf(message.properties.headers) <= 0) {
      this.#inner.route(message, found)
      return
    }
    message.keepers ??= []
    message.keepers.push(this)
  }

  /** On disk where the exchange is, whatever the message's delivery mode. */
  keep(arrival: Arrival, message: RoutedMessage): number {
    const { context, queue } = this.#hold
    const ttlMs = delayOf(message.properties.headers)
    const wire = withHiddenKeys(arrival, message)
    return context.intake.accept({ ...wire, size: arrival.size, persistent: true, ttlMs }, [queue])
  }

  /** By the bindings of now. The message enters its queues in the batch of the log in which it leaves this one. */
  #release(wire: WireBytes, settle: () => void, site: HoldingSite): void {
    const { queue, context } = this.#hold
    const { arrival, message } = release(wire, delayedHeaders, this)
    moveAndKeep(context, { arrival, queues: site.route(queue.name, message), message }, settle)
  }
}
