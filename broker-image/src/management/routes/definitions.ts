/** /api/definitions: everything out, and back in. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { exportDefinitions, exportVhost, type ProductIdentity } from '../../definitions/export.ts'
import { type ImportedDefinitions, parseDefinitions } from '../../definitions/import.ts'
import type { ExchangeDefinition } from '../../definitions/model.ts'
import { vhostLimit } from '../../definitions/named-limits.ts'
import { validateQueueArguments } from '../../queue/arguments.ts'
import type { Exchange } from '../../routing/exchange.ts'
import { createExchange, isExchangeType, validateExchangeArguments } from '../../routing/exchange-types.ts'
import { answerStable, type ManagementContext, param, vhostOf } from '../context.ts'
import { badRequest } from '../http-error.ts'
import type { ManagedBroker } from '../managed.ts'

const ADMINISTRATOR = { config: { role: 'administrator' } } as const

export function definitionRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  const { config, definitions } = broker
  const product: ProductIdentity = { name: config.productName, version: config.productVersion }
  const takeIn = (request: FastifyRequest, vhost?: string): void => takeInDefinitions(broker, request.body, vhost)

  app.get('/api/definitions', ADMINISTRATOR, (_request, reply) => reply.send(exportDefinitions(definitions, product)))
  app.get('/api/definitions/:vhost', ADMINISTRATOR, (request, reply) =>
    reply.send(exportVhost(definitions, vhostOf(context, request).name, product)),
  )
  app.post('/api/definitions', ADMINISTRATOR, (request, reply) => {
    takeIn(request)
    return answerStable(context, reply, 204)
  })
  app.post('/api/definitions/:vhost', ADMINISTRATOR, (request, reply) => {
    takeIn(request, param(request, 'vhost'))
    return answerStable(context, reply, 204)
  })
}

/**
 * Takes in a file of definitions, or those of one virtual host.
 * @throws InvalidDefinition, HttpError, ChannelError, ConnectionError saying what is wrong with it; nothing was changed.
 */
export function takeInDefinitions(broker: ManagedBroker, json: unknown, vhost?: string): void {
  importInto(broker, checked(broker, parseDefinitions(json, broker.definitions, vhost)))
}

/** Refuses what a declaration would refuse, so that nothing is half taken in. Throws `ChannelError`, `ConnectionError`. */
function checked(broker: ManagedBroker, imported: ImportedDefinitions): ImportedDefinitions {
  for (const { vhost, name, arguments: args } of imported.queues) validateQueueArguments(name, vhost, args)
  checkQueueLimits(broker, imported)
  const exchanges = new Map(
    imported.exchanges.map(exchange => [JSON.stringify([exchange.vhost, exchange.name]), exchange]),
  )
  for (const { vhost, name, type, arguments: args } of imported.exchanges) {
    if (!isExchangeType(type)) throw badRequest(`exchanges: unknown exchange type '${type}'`)
    if (!broker.vhosts.get(vhost)?.exchanges.has(name)) validateExchangeArguments(type, args)
    const isReserved = name === '' || name.startsWith('amq.')
    if (isReserved && !broker.vhosts.get(vhost)?.exchanges.has(name)) {
      throw badRequest(`exchanges: the name '${name}' is reserved`)
    }
  }
  for (const { vhost, source, routingKey, arguments: args } of imported.bindings) {
    const existing = broker.vhosts.get(vhost)?.exchanges.get(source)?.exchange
    const exchange = existing ?? emptyExchange(exchanges.get(JSON.stringify([vhost, source])))
    exchange?.validateBinding(args, routingKey)
  }
  return imported
}

/** An exchange that only says what may be bound to it. */
function emptyExchange(definition: ExchangeDefinition | undefined): Exchange<never> | undefined {
  if (definition === undefined) return undefined
  return createExchange(definition.type, { arguments: definition.arguments, identify: String, randomBelow: () => 0 })
}

/** What is there already is kept as it is: queues and exchanges are never changed by an import [RabbitMQ]. */
function importInto(broker: ManagedBroker, imported: ImportedDefinitions): void {
  const { definitions } = broker
  const durable = { durable: true }
  for (const vhost of imported.vhosts) broker.createVhost(vhost)
  for (const user of imported.users) definitions.put('user', user, durable)
  for (const permission of imported.permissions) definitions.put('permission', permission, durable)
  for (const permission of imported.topicPermissions) definitions.put('topicPermission', permission, durable)
  for (const policy of imported.policies) definitions.put('policy', policy, durable)
  for (const policy of imported.operatorPolicies) definitions.put('operatorPolicy', policy, durable)
  for (const { vhost: name, ...exchange } of imported.exchanges) {
    const vhost = broker.vhosts.get(name)
    if (vhost && !vhost.exchanges.has(exchange.name)) vhost.declareExchange(exchange)
  }
  for (const { vhost: name, ...queue } of imported.queues) {
    const vhost = broker.vhosts.get(name)
    if (vhost && !vhost.queues.has(queue.name)) vhost.declareQueue(queue, null)
  }
  for (const { vhost, ...binding } of imported.bindings) broker.vhosts.get(vhost)?.bind(binding, null)
  for (const parameter of imported.parameters) definitions.put('parameter', parameter, durable)
}

/** The limits from before the import hold for it; what it brings itself holds from then on [RabbitMQ]. */
function checkQueueLimits(broker: ManagedBroker, imported: ImportedDefinitions): void {
  for (const vhost of broker.vhosts.values()) {
    const limit = vhostLimit(broker.definitions, vhost.name, 'max-queues')
    const added = imported.queues.filter(queue => queue.vhost === vhost.name && !vhost.queues.has(queue.name)).length
    if (added === 0 || vhost.queues.size + added <= limit) continue
    throw badRequest(
      `Adding ${added} queue(s) to virtual host "${vhost.name}" would exceed the limit of ${limit} queue(s).\n\n` +
        `This virtual host currently has ${vhost.queues.size} queue(s) defined.\n\nImport aborted!`,
    )
  }
}
