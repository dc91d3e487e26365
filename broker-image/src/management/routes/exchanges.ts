/** /api/exchanges, with publishing. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { exchangeFromJson } from '../../definitions/from-json.ts'
import { exchangeJson } from '../../definitions/to-json.ts'
import type { Held, VhostExchange } from '../../vhost/vhost-exchange.ts'
import { canSee, requirePermission, userOf } from '../authorization.ts'
import { bindingView } from '../binding-views.ts'
import {
  answerStable,
  bodyOf,
  createdStatus,
  declarationOf,
  exchangeNameOf,
  type ManagementContext,
  query,
  vhostOf,
} from '../context.ts'
import { notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'
import { publishOverHttp } from '../publish.ts'

export function exchangeRoutes(app: FastifyInstance, context: ManagementContext): void {
  readingRoutes(app, context)
  changingRoutes(app, context)
  app.post('/api/exchanges/:vhost/:exchange/publish', async (request, reply) => {
    const exchange = exchangeOf(context, request)
    requirePermission(context.broker, request, 'write', exchange.name)
    const to = { user: userOf(request), vhost: vhostOf(context, request), exchange }
    return reply.send({ routed: await publishOverHttp(context.broker, to, bodyOf(request)) })
  })
}

function readingRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  const view = (exchange: VhostExchange) => exchangeView(context, exchange)

  app.get('/api/exchanges', (request, reply) => {
    const visible = [...broker.vhosts.values()].filter(({ name }) => canSee(broker, request, name))
    return sendList(
      request,
      reply,
      visible.flatMap(({ exchanges }) => [...exchanges.values()]),
      view,
    )
  })
  app.get('/api/exchanges/:vhost', (request, reply) =>
    sendList(request, reply, [...vhostOf(context, request).exchanges.values()], view),
  )
  app.get('/api/exchanges/:vhost/:exchange', (request, reply) =>
    sendOne(request, reply, { ...view(exchangeOf(context, request)), incoming: [], outgoing: [] }),
  )
  app.get('/api/exchanges/:vhost/:exchange/bindings/source', (request, reply) => {
    const { name } = exchangeOf(context, request)
    const bindings = vhostOf(context, request).listBindings()
    return sendList(
      request,
      reply,
      bindings.filter(({ source }) => source === name),
      bindingView,
    )
  })
  app.get('/api/exchanges/:vhost/:exchange/bindings/destination', (request, reply) => {
    const bindings = vhostOf(context, request).bindingsTo(exchangeOf(context, request))
    return sendList(request, reply, bindings, bindingView)
  })
}

function changingRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  app.put('/api/exchanges/:vhost/:exchange', (request, reply) => {
    const vhost = vhostOf(context, request)
    const { vhost: _, ...spec } = exchangeFromJson(vhost.name, exchangeNameOf(request), declarationOf(request))
    requirePermission(broker, request, 'configure', spec.name)
    const isNew = !vhost.exchanges.has(spec.name)
    vhost.declareExchange(spec)
    return answerStable(context, reply, createdStatus(isNew))
  })
  app.delete('/api/exchanges/:vhost/:exchange', (request, reply) => {
    const { name } = exchangeOf(context, request)
    requirePermission(broker, request, 'configure', name)
    vhostOf(context, request).deleteExchange(name, { ifUnused: query(request, 'if-unused') === 'true' })
    return answerStable(context, reply, 204)
  })
}

function exchangeOf(context: ManagementContext, request: FastifyRequest): VhostExchange {
  const exchange = vhostOf(context, request).exchanges.get(exchangeNameOf(request))
  if (!exchange) throw notFound()
  return exchange
}

function exchangeView({ rates }: ManagementContext, exchange: VhostExchange) {
  return {
    ...exchangeJson(exchange.definition),
    policy: exchange.policyName ?? null,
    user_who_performed_action: null,
    ...heldView(exchange.held),
    message_stats: rates.withRates(exchange, { publish_in: exchange.publishedIn }),
  }
}

/** What an exchange keeps, in the words of the plugins that have it so. */
function heldView({ delayed, keys }: Held) {
  return {
    ...(delayed === undefined ? {} : { messages_delayed: delayed.messagesReady }),
    ...(keys === undefined ? {} : { cache_info: { entries: keys.count } }),
  }
}
