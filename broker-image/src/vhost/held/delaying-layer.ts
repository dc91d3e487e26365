/** `x-delayed-message`: holds messages for as long as their header `x-delay` says, then routes them as another type does. */
import type { Arrival } from '../../queue/intake.ts'
import type { WireBytes } from '../../queue/wire-bytes.ts'
import type { RoutedMessage } from '../../routing/exchange.ts'
import { delayedHeaders, delayOf } from './delay.ts'
import { moveAndKeep } from './keep.ts'
import { Releases } from './releases.ts'
import type { Hold, HoldingSite, Layer } from './site.ts'
import { release, withHiddenKeys } from './stored-message.ts'

export class DelayingLayer implements Layer {
  readonly postpones = true
  readonly #hold: Hold

  constructor(hold: Hold, site: HoldingSite) {
    this.#hold = hold
    new Releases(hold, (wire, settle) => this.#release(wire, settle, site))
  }

  admits(message: RoutedMessage): boolean {
    if (delayOf(message.properties.headers) <= 0) return true
    message.keepers ??= []
    message.keepers.push(this)
    return false
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
