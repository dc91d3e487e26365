/** The exchange without a name: every queue is bound to it by its own name [AMQP 3.1.3.1]. */

import type { Queue } from '../queue/queue.ts'
import type { Exchange, RoutedMessage } from '../routing/exchange.ts'
import { ChannelError } from '../wire/errors.ts'
import type { Destination } from './vhost-exchange.ts'

export class DefaultExchange implements Exchange<Destination> {
  readonly type = 'direct'
  readonly needsMessage = false
  readonly #queues: ReadonlyMap<string, Queue>

  constructor(queues: ReadonlyMap<string, Queue>) {
    this.#queues = queues
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0
  }

  validateBinding(): void {
    throw new ChannelError('ACCESS_REFUSED', 'operation not permitted on the default exchange')
  }

  bind(): void {
    this.validateBinding()
  }

  unbind(): void {
    this.validateBinding()
  }

  route({ routingKeys }: RoutedMessage, found: Set<Destination>): void {
    for (const key of routingKeys) {
      const queue = this.#queues.get(key)
      if (queue !== undefined) found.add(queue)
    }
  }
}
