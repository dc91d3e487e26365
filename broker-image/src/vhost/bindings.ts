/** The bindings of a virtual host: made and removed in its definitions and its exchanges, and known by both of their ends. */
import type { Definitions } from '../definitions/definitions.ts'
import { DEFINITION_KEYS, joinKey } from '../definitions/keys.ts'
import type { BindingDefinition } from '../definitions/model.ts'
import { Queue } from '../queue/queue.ts'
import { ChannelError } from '../wire/errors.ts'
import { survives } from './durability.ts'
import type { Destination, VhostExchange } from './vhost-exchange.ts'

export type BindingSpec = Omit<BindingDefinition, 'vhost'>

/** The virtual host, as far as its bindings need it. */
export interface BindingSite {
  readonly name: string
  readonly queues: ReadonlyMap<string, Queue>
  readonly exchanges: ReadonlyMap<string, VhostExchange>
  /** @throws ChannelError 404. */
  exchange(name: string): VhostExchange
  /** @throws ChannelError 404, 405. */
  queue(name: string, owner: object | null): Queue
  deleteExchange(name: string, options: { ifUnused: boolean }): boolean
  /** What is remembered of routes is stale. */
  routesChanged(): void
}

interface Ends {
  readonly source: VhostExchange
  readonly destination: Destination
}

export class Bindings {
  readonly #site: BindingSite
  readonly #definitions: Definitions
  /** Those that end at a queue or exchange, by their identity. Exchanges have those that start there. */
  readonly #incoming = new Map<Destination, Map<string, Readonly<BindingDefinition>>>()

  constructor(site: BindingSite, definitions: Definitions) {
    this.#site = site
    this.#definitions = definitions
  }

  /** Adds a binding; one that is there already is success. @throws ChannelError 403, 404, 406. */
  bind(spec: BindingSpec, owner: object | null): void {
    const ends = this.#ends(spec, owner)
    const { source, destination } = ends
    source.exchange.validateBinding(spec.arguments, spec.routingKey)
    const definition = { ...spec, vhost: this.#site.name }
    if (source.bindings.has(bindingKey(definition))) return
    const durable = source.definition.durable && survives(destination)
    this.#definitions.put('binding', definition, { durable })
    this.#add(definition, ends)
    source.held.history?.replay(destination)
  }

  /** Removes a binding; one that is not there is success, as are ends that are not. @throws ChannelError 403, 405. */
  unbind(spec: BindingSpec, owner: object | null): void {
    const { name, queues, exchanges } = this.#site
    const destinations = spec.destinationType === 'queue' ? queues : exchanges
    if (!exchanges.has(spec.source) || !destinations.has(spec.destination)) return
    const { source } = this.#ends(spec, owner)
    if (source.name === '') source.exchange.validateBinding({}, spec.routingKey)
    const binding = source.bindings.get(bindingKey({ ...spec, vhost: name }))
    if (binding !== undefined) this.#remove(binding)
  }

  /** Builds one that the definitions have. */
  restore(definition: Readonly<BindingDefinition>): void {
    // An exchange for reports may be off, or elsewhere, by now.
    if (this.#site.exchanges.has(definition.source)) this.#add(definition, this.#ends(definition, null))
  }

  /** Every one, the implicit ones of the default exchange first. */
  list(): BindingDefinition[] {
    const bindings = [...this.#site.queues.values()].map(queue => this.#implicit(queue.name))
    for (const exchange of this.#site.exchanges.values()) bindings.push(...exchange.bindings.values())
    return bindings
  }

  /** Those that end at a queue or exchange. */
  to(destination: Destination): BindingDefinition[] {
    const bindings = [...(this.#incoming.get(destination)?.values() ?? [])]
    return destination instanceof Queue ? [this.#implicit(destination.name), ...bindings] : bindings
  }

  removeFrom(source: VhostExchange): void {
    for (const binding of [...source.bindings.values()]) this.#remove(binding)
  }

  removeTo(destination: Destination): void {
    for (const binding of [...(this.#incoming.get(destination)?.values() ?? [])]) this.#remove(binding)
    this.#incoming.delete(destination)
  }

  #add(definition: Readonly<BindingDefinition>, { source, destination }: Ends): void {
    const key = bindingKey(definition)
    source.exchange.bind(destination, definition.routingKey, definition.arguments)
    source.bindings.set(key, definition)
    const incoming = this.#incoming.get(destination) ?? new Map<string, BindingDefinition>()
    incoming.set(key, definition)
    this.#incoming.set(destination, incoming)
    this.#site.routesChanged()
  }

  /** An auto-delete exchange goes with its last binding. */
  #remove(binding: Readonly<BindingDefinition>): void {
    const { source, destination } = this.#ends(binding, null)
    const key = bindingKey(binding)
    source.exchange.unbind(destination, binding.routingKey, binding.arguments)
    source.bindings.delete(key)
    this.#incoming.get(destination)?.delete(key)
    this.#definitions.remove('binding', DEFINITION_KEYS.binding(binding))
    this.#site.routesChanged()
    if (source.definition.autoDelete && source.bindings.size === 0) {
      this.#site.deleteExchange(source.name, { ifUnused: false })
    }
  }

  #ends(spec: BindingSpec, owner: object | null): Ends {
    const source = this.#site.exchange(spec.source)
    return { source, destination: this.#destination(spec, owner) }
  }

  #destination(spec: BindingSpec, owner: object | null): Destination {
    if (spec.destinationType === 'queue') return this.#site.queue(spec.destination, owner)
    if (spec.destination === '') {
      throw new ChannelError('ACCESS_REFUSED', 'operation not permitted on the default exchange')
    }
    return this.#site.exchange(spec.destination)
  }

  #implicit(queue: string): BindingDefinition {
    return {
      vhost: this.#site.name,
      source: '',
      destination: queue,
      destinationType: 'queue',
      routingKey: queue,
      arguments: {},
    }
  }
}

const bindingKey = (binding: BindingDefinition): string => joinKey(DEFINITION_KEYS.binding(binding))
