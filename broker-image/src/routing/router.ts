/** Follows a message through exchanges bound to exchanges, and to alternate exchanges, to its queues. */

import type { Exchange, RoutedMessage } from './exchange.ts'

/** An exchange in its graph; `Q` is whatever the caller takes for a queue. */
export interface RoutingNode<Q> {
  readonly exchange: Exchange<Q | RoutingNode<Q>>
  /** Where a message goes that none of the exchange's bindings takes (argument or policy `alternate-exchange`). */
  readonly alternate: () => RoutingNode<Q> | undefined
}

/**
 * Returns the queues of a message that was published to `start`, each once. An exchange is visited once, so cycles
 * of bindings and of alternates end. An exchange that routes to another exchange has routed, even if that one then
 * finds nothing: its alternate is not used, as in RabbitMQ.
 */
export function routeMessage<Q>(
  start: RoutingNode<Q>,
  message: RoutedMessage,
  isNode: (destination: Q | RoutingNode<Q>) => destination is RoutingNode<Q>,
): Set<Q> {
  const queues = new Set<Q>()
  // A set visits what is added while it is being visited: it is the list of work and of what was seen in one.
  const visited = new Set([start])
  const found = new Set<Q | RoutingNode<Q>>()
  for (const node of visited) {
    found.clear()
    const keepers = message.keepers?.length ?? 0
    node.exchange.route(message, found)
    const isPostponed = message.keepers?.slice(keepers).some(({ postpones }) => postpones) === true
    const alternate = found.size === 0 && !isPostponed ? node.alternate() : undefined
    if (alternate !== undefined) visited.add(alternate)
    for (const destination of found) {
      if (isNode(destination)) visited.add(destination)
      else queues.add(destination)
    }
  }
  return queues
}
