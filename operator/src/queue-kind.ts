/** `Queue` as a kind of topology: its numbers are live, and its messages are not thrown away by accident. */

import { QUEUE, type Queue } from './api/queue.ts'
import type { Removal, TopologyKind } from './reconcile-topology.ts'
import { findQueue, ownBindings, queueDifference, queueName } from './topology/queue.ts'
import type { Session } from './topology/sessions.ts'

export const QUEUE_KIND: TopologyKind<Queue> = {
  definition: QUEUE,
  live: true,
  identity: queue => [queue.spec.vhost, queueName(queue)],
  difference: async (queue, { view }) => queueDifference(queue, view),
  facts,
  removal,
  leaves: queue => queue.spec.deletionPolicy === 'Retain',
}

function facts(queue: Queue, { view }: Session) {
  const found = findQueue(queue, view)
  return {
    messages: found?.messages ?? 0,
    consumers: found?.consumers ?? 0,
    state: found?.state ?? 'running',
    ...(found?.policy && { policy: found.policy }),
    bindings: ownBindings(queue, view),
  }
}

/**
 * A queue that differs from the spec never was this object's, and stays. The broker itself checks `if-empty`, so that a
 * message that comes in between is not lost.
 */
function removal(queue: Queue, { view }: Session): Removal {
  if ('refusal' in queueDifference(queue, view)) return { difference: { changes: [] } }
  const found = findQueue(queue, view)
  const kept = queue.spec.deletionPolicy === 'KeepWithMessages'
  const messages = found?.messages ?? 0
  if (kept && messages > 0) {
    const message =
      `queue "${queueName(queue)}" still holds ${messages} messages: consume or purge them, or set spec.deletionPolicy ` +
      'to Delete (the messages go) or to Retain (the queue stays in the broker)'
    return { wait: { state: 'working', reason: 'KeptWithMessages', message } }
  }
  const { vhost } = queue.spec
  return { difference: { changes: [{ do: 'deleteQueue', vhost, name: queueName(queue), ifEmpty: kept }] } }
}
