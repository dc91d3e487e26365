/**
 * A virtual host: names to exchanges and queues. Every declare, delete, bind and unbind comes through here, from clients
 * and from the management API alike; definitions are changed first, the objects follow.
 */
import type { Definitions } from '../definitions/definitions.ts'
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../definitions/model.ts'
import { vhostLimit } from '../definitions/named-limits.ts'
import { validateQueueArguments } from '../queue/arguments.ts'
import type { QueueOwner } from '../queue/context.ts'
import { Queue } from '../queue/queue.ts'
import type { RoutedMessage } from '../routing/exchange.ts'
import { isExchangeType, validateExchangeArguments } from '../routing/exchange-types.ts'
import { ChannelError, ConnectionError } from '../wire/errors.ts'
import { type BindingSite, type BindingSpec, Bindings } from './bindings.ts'
import { builtInExchanges, defaultExchange, reportExchange } from './built-in.ts'
import {
  assertSameExchange,
  assertSameQueue,
  checkAlternate,
  checkQueueType,
  fixedExchange,
  full,
  locked,
  notFound,
  RESERVED_PREFIX,
  refuseReserved,
  withDefaultType,
} from './checks.ts'
import { DefaultExchange } from './default-exchange.ts'
import { isKept } from './durability.ts'
import { buildExchange, endHidden, hiddenQueues } from './held/build.ts'
import type { HoldingContext } from './held/site.ts'
import { PoliciesInForce } from './policies-in-force.ts'
import { Traffic } from './traffic.ts'
import { type Destination, VhostExchange } from './vhost-exchange.ts'

export type QueueSpec = Omit<QueueDefinition, 'id' | 'vhost'>
export type ExchangeSpec = Omit<ExchangeDefinition, 'vhost'>

/** What a virtual host needs of its node. */
export interface VhostContext {
  /** Exchanges that it has besides the usual ones. */
  readonly reportExchanges: readonly string[]
  readonly definitions: Definitions
  readonly queueContext: HoldingContext
  /** Queues of the whole node by the number that log entries carry. */
  readonly queuesById: Map<number, Queue>
}

export class Vhost implements BindingSite {
  readonly name: string
  readonly queues = new Map<string, Queue>()
  readonly exchanges = new Map<string, VhostExchange>()
  readonly traffic: Traffic
  readonly #context: VhostContext
  readonly #bindings: Bindings
  readonly #policies = new PoliciesInForce()

  constructor(name: string, context: VhostContext) {
    this.name = name
    this.#context = context
    this.traffic = new Traffic(this, context.queueContext)
    this.#bindings = new Bindings(this, context.definitions)
    this.#policies.read(context.definitions, name)
    this.#enter(this.#wrap(defaultExchange(name), new DefaultExchange(this.queues)))
    for (const definition of builtInExchanges(name)) this.#addExchange(definition)
    for (const exchange of context.reportExchanges) this.#addExchange(reportExchange(name, exchange))
  }

  /** @throws ChannelError 404. */
  exchange(name: string): VhostExchange {
    const exchange = this.exchanges.get(name)
    if (exchange === undefined) throw notFound('exchange', name, this.name)
    return exchange
  }

  /** @throws ChannelError 404, or 405 when the queue belongs to another connection. */
  queue(name: string, owner: object | null): Queue {
    const queue = this.queues.get(name)
    if (queue === undefined) throw notFound('queue', name, this.name)
    if (queue.exclusive && owner !== null && queue.owner !== owner) throw locked(queue)
    return queue
  }

  /**
   * Declares an exchange, or checks that it is there and alike.
   * @throws ChannelError 403 for a reserved name, 406 when it exists and differs; ConnectionError 503 for an unknown type.
   */
  declareExchange(spec: ExchangeSpec): void {
    if (!isExchangeType(spec.type)) {
      throw new ConnectionError('COMMAND_INVALID', `unknown exchange type '${spec.type}'`)
    }
    const existing = this.exchanges.get(spec.name)
    if (existing !== undefined) {
      assertSameExchange(existing.definition, spec)
      return
    }
    refuseReserved('exchange', spec.name)
    checkAlternate(this.name, spec)
    validateExchangeArguments(spec.type, spec.arguments)
    const { definitions } = this.#context
    const ids = Array.from({ length: hiddenQueues(spec) }, () => definitions.nextQueueId())
    const definition = { ...spec, vhost: this.name, ...(ids.length === 0 ? {} : { hiddenQueueIds: ids }) }
    definitions.put('exchange', definition, { durable: spec.durable })
    this.#addExchange(definition)
    this.routesChanged()
  }

  /** Deleting what is not there is success. @throws ChannelError 403 for a built-in one, 406 when in use. */
  deleteExchange(name: string, options: { ifUnused: boolean }): boolean {
    if (name === '') throw new ChannelError('ACCESS_REFUSED', 'operation not permitted on the default exchange')
    if (name.startsWith(RESERVED_PREFIX)) throw fixedExchange(name, this.name)
    const exchange = this.exchanges.get(name)
    if (exchange === undefined) return false
    if (options.ifUnused && exchange.bindings.size > 0) {
      throw new ChannelError('PRECONDITION_FAILED', `exchange '${name}' in vhost '${this.name}' in use`)
    }
    this.#bindings.removeFrom(exchange)
    this.#bindings.removeTo(exchange)
    this.exchanges.delete(name)
    for (const queue of exchange.held.hidden) {
      this.#context.queuesById.delete(queue.id)
      endHidden(queue)
    }
    this.#context.definitions.remove('exchange', [this.name, name])
    this.routesChanged()
    return true
  }

  /**
   * Declares a queue, or checks that it is there and alike.
   * @throws ChannelError 403, 405, 406; ConnectionError 540 for what is not served yet.
   */
  declareQueue(wish: QueueSpec, owner: QueueOwner | null): Queue {
    const spec = withDefaultType(wish, this.#context.definitions.get('vhost', [this.name])?.defaultQueueType)
    const existing = this.queues.get(spec.name)
    if (existing === undefined) this.#assertRoom(spec.name)
    validateQueueArguments(spec.name, this.name, spec.arguments)
    if (existing !== undefined) {
      assertSameQueue(existing, spec, owner)
      existing.touch()
      return existing
    }
    checkQueueType(spec, this.name)
    const { definitions } = this.#context
    const definition: QueueDefinition = { ...spec, vhost: this.name, id: definitions.nextQueueId() }
    definitions.put('queue', definition, { durable: isKept(definition) })
    const queue = this.#addQueue(definition, owner)
    this.routesChanged()
    return queue
  }

  /** @throws ChannelError 406 when the virtual host has as many queues as it may. */
  #assertRoom(name: string): void {
    const limit = vhostLimit(this.#context.definitions, this.name, 'max-queues')
    if (this.queues.size >= limit) throw full(name, this.name, limit)
  }

  /** Refuses names that only the server gives out. @throws ChannelError 403. */
  refuseReservedQueueName(name: string): void {
    refuseReserved('queue', name)
  }

  /** Answers how many messages were ready. @throws ChannelError 406 when in use or not empty. */
  deleteQueue(queue: Queue, options: { ifUnused: boolean; ifEmpty: boolean }): number {
    if (options.ifUnused && queue.consumers.count > 0) {
      throw new ChannelError('PRECONDITION_FAILED', `queue '${queue.name}' in vhost '${this.name}' in use`)
    }
    if (options.ifEmpty && queue.messagesReady + queue.dead.count > 0) {
      throw new ChannelError('PRECONDITION_FAILED', `queue '${queue.name}' in vhost '${this.name}' not empty`)
    }
    this.#bindings.removeTo(queue)
    this.queues.delete(queue.name)
    this.#context.queuesById.delete(queue.id)
    this.#context.definitions.remove('queue', [this.name, queue.name])
    this.routesChanged()
    return queue.delete()
  }

  /** Adds a binding; one that is there already is success. @throws ChannelError 403, 404, 406. */
  bind(spec: BindingSpec, owner: object | null): void {
    this.#bindings.bind(spec, owner)
  }

  /** Removes a binding; one that is not there is success, as are ends that are not. @throws ChannelError 403, 405. */
  unbind(spec: BindingSpec, owner: object | null): void {
    this.#bindings.unbind(spec, owner)
  }

  /** Every binding, the implicit ones of the default exchange first. */
  listBindings(): BindingDefinition[] {
    return this.#bindings.list()
  }

  /** Bindings that end at a queue or exchange. */
  bindingsTo(destination: Destination): BindingDefinition[] {
    return this.#bindings.to(destination)
  }

  /** Forgets the routes that are remembered, and tries dead letters again that had none. */
  routesChanged(): void {
    this.traffic.routesChanged()
    for (const dead of this.#context.queueContext.waitingDead) if (dead.queue.vhost === this.name) dead.wake()
  }

  /** Puts the policies that are defined now in force on everything that is here and that comes. */
  applyPolicies(): void {
    this.#policies.read(this.#context.definitions, this.name)
    for (const queue of this.queues.values()) this.#policies.applyToQueue(queue)
    for (const exchange of this.exchanges.values()) this.#policies.applyToExchange(exchange)
    this.routesChanged()
    for (const queue of [...this.queues.values()]) queue.enforceLimits()
  }

  /** Builds what the definitions say, at start; nothing is written. */
  restore(): void {
    const { definitions } = this.#context
    const mine = <T extends { vhost: string }>(list: T[]): T[] => list.filter(({ vhost }) => vhost === this.name)
    for (const definition of mine(definitions.list('exchange'))) this.#addExchange(definition)
    for (const definition of mine(definitions.list('queue'))) this.#addQueue(definition, null)
    for (const definition of mine(definitions.list('binding'))) this.#bindings.restore(definition)
  }

  /** Ends the virtual host with everything in it. */
  delete(): void {
    for (const queue of [...this.queues.values()]) this.deleteQueue(queue, { ifUnused: false, ifEmpty: false })
    for (const name of [...this.exchanges.keys()]) {
      if (name !== '' && !name.startsWith(RESERVED_PREFIX)) this.deleteExchange(name, { ifUnused: false })
    }
    for (const exchange of this.exchanges.values()) this.#bindings.removeFrom(exchange)
  }

  #wrap(definition: ExchangeDefinition, exchange: VhostExchange['exchange']): VhostExchange {
    return new VhostExchange(definition, exchange, name => this.exchanges.get(name))
  }

  #addExchange(definition: ExchangeDefinition): void {
    const { queueContext, queuesById } = this.#context
    const route = (name: string, message: RoutedMessage): Queue[] => {
      const exchange = this.exchanges.get(name)
      return exchange === undefined ? [] : this.traffic.queuesFor(exchange, message)
    }
    const built = buildExchange(definition, { context: queueContext, route })
    if (built === undefined) throw new Error(`exchange '${definition.name}' has unknown type '${definition.type}'`)
    const exchange = this.#wrap(definition, built.exchange)
    exchange.held = built.held
    for (const queue of built.held.hidden) queuesById.set(queue.id, queue)
    this.#enter(exchange)
  }

  #enter(exchange: VhostExchange): void {
    this.exchanges.set(exchange.name, exchange)
    this.#policies.applyToExchange(exchange)
  }

  #addQueue(definition: QueueDefinition, owner: QueueOwner | null): Queue {
    const queue = new Queue(definition, owner, this.#context.queueContext)
    this.queues.set(queue.name, queue)
    this.#context.queuesById.set(queue.id, queue)
    this.#policies.applyToQueue(queue)
    return queue
  }
}
