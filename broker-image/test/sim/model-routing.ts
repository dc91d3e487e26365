/** Routing as plainly as possible: what a message's exchange and key mean for the queues of the model. */
import type { ModelQueue } from './model-queue.ts'

/** Exchanges that are always there. */
export const EXCHANGES = ['', 'amq.fanout', 'amq.topic', 'amq.direct'] as const

export interface Binding {
  readonly exchange: string
  readonly queue: ModelQueue
  readonly routingKey: string
  /** The client was told that it exists. */
  isDeclared: boolean
}

export function routesTo(
  queues: ReadonlyMap<string, ModelQueue>,
  bindings: Iterable<Binding>,
  { exchange, routingKey }: { exchange: string; routingKey: string },
): ModelQueue[] {
  if (exchange === '') {
    const queue = queues.get(routingKey)
    return queue === undefined ? [] : [queue]
  }
  const found = new Set<ModelQueue>()
  for (const binding of bindings) {
    if (binding.queue.isDeleting) continue
    if (binding.exchange === exchange && matches(exchange, binding.routingKey, routingKey)) found.add(binding.queue)
  }
  return [...found]
}

function matches(exchange: string, pattern: string, key: string): boolean {
  if (exchange === 'amq.fanout') return true
  if (exchange === 'amq.direct') return pattern === key
  return matchesTopic(pattern.split('.'), key.split('.'))
}

function matchesTopic([word, ...words]: string[], key: string[]): boolean {
  if (word === undefined) return key.length === 0
  if (word === '#') return matchesTopic(words, key) || (key.length > 0 && matchesTopic([word, ...words], key.slice(1)))
  return key.length > 0 && (word === '*' || word === key[0]) && matchesTopic(words, key.slice(1))
}
