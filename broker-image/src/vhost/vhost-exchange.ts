/** An exchange of a virtual host: its definition, its bindings, and its place in the graph of exchanges. */
import type { Arguments, BindingDefinition, ExchangeDefinition } from '../definitions/model.ts'
import type { Queue } from '../queue/queue.ts'
import type { Exchange } from '../routing/exchange.ts'
import type { RoutingNode } from '../routing/router.ts'

/** What a binding leads to. */
export type Destination = Queue | RoutingNode<Queue>

/** A text that tells a destination from all others of its virtual host. */
export const identify = (destination: Destination): string =>
  `${destination instanceof VhostExchange ? 'exchange' : 'queue'} ${(destination as Queue | VhostExchange).name}`

/** Queues of an exchange that nobody sees, and what is done by them. */
export interface Held {
  readonly hidden: readonly Queue[]
  /** The queue of messages that wait for their time. */
  readonly delayed: Queue | undefined
  /** What is known of the messages that passed. */
  readonly keys: { readonly count: number } | undefined
  /** Sends what passed last to a destination that was bound just now. */
  readonly history: { replay(destination: Destination): void } | undefined
}

export class VhostExchange implements RoutingNode<Queue> {
  readonly definition: Readonly<ExchangeDefinition>
  readonly exchange: Exchange<Destination>
  /** Bindings that start here, by their identity. */
  readonly bindings = new Map<string, Readonly<BindingDefinition>>()
  policyName: string | undefined
  effectivePolicy: Arguments = {}
  /** What it keeps, where it does. */
  held: Held = { hidden: [], delayed: undefined, keys: undefined, history: undefined }
  /** Messages published to it, and how many of them found a queue. */
  publishedIn = 0
  /** The version of all routes at which the answer was found: a look at every binding. */
  #knownAt = 0
  #isMessageNeeded = false
  readonly #find: (name: string) => VhostExchange | undefined

  /** `find` looks up an exchange of the same virtual host by name. */
  constructor(
    definition: Readonly<ExchangeDefinition>,
    exchange: Exchange<Destination>,
    find: (name: string) => VhostExchange | undefined,
  ) {
    this.definition = definition
    this.exchange = exchange
    this.#find = find
  }

  get name(): string {
    return this.definition.name
  }

  /** Where messages go that no binding takes; the argument wins over the policy. The default exchange has none [RabbitMQ]. */
  readonly alternate = (): VhostExchange | undefined => {
    if (this.name === '') return undefined
    const name = this.definition.arguments['alternate-exchange'] ?? this.effectivePolicy['alternate-exchange']
    return typeof name === 'string' ? this.#find(name) : undefined
  }

  /** Whether the route of a message from here may depend on more than its routing keys; `version` is that of all routes. */
  needsMessage(version: number): boolean {
    if (this.#knownAt !== version) {
      this.#knownAt = version
      this.#isMessageNeeded = this.#findsNeed()
    }
    return this.#isMessageNeeded
  }

  /** A set visits what is added while it is being visited. */
  #findsNeed(): boolean {
    const reached = new Set<VhostExchange>([this])
    for (const node of reached) {
      if (node.exchange.needsMessage) return true
      const next = [...node.bindings.values()].filter(({ destinationType }) => destinationType === 'exchange')
      for (const exchange of [node.alternate(), ...next.map(({ destination }) => this.#find(destination))]) {
        if (exchange !== undefined) reached.add(exchange)
      }
    }
    return false
  }
}
