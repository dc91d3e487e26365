/** /api/queues: the queues themselves; their messages are in `queue-messages.ts`. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { queueFromJson } from '../../definitions/from-json.ts'
import type { Queue } from '../../queue/queue.ts'
import { canSee, requirePermission } from '../authorization.ts'
import { bindingView } from '../binding-views.ts'
import { consumersOf, consumerView } from '../connection-views.ts'
import {
  answerStable,
  bodyOf,
  createdStatus,
  declarationOf,
  type ManagementContext,
  param,
  query,
  vhostOf,
} from '../context.ts'
import { badRequest, notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'
import { queueView } from '../queue-views.ts'

export function queueRoutes(app: FastifyInstance, context: ManagementContext): void {
  readingRoutes(app, context)
  changingRoutes(app, context)
}

function readingRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  const view = (queue: Queue) => queueView(context, queue)

  app.get('/api/queues', (request, reply) => {
    const visible = [...broker.vhosts.values()].filter(({ name }) => canSee(broker, request, name))
    return sendList(
      request,
      reply,
      visible.flatMap(({ queues }) => [...queues.values()]),
      view,
    )
  })
  app.get('/api/queues/:vhost', (request, reply) =>
    sendList(request, reply, [...vhostOf(context, request).queues.values()], view),
  )
  app.get('/api/queues/:vhost/:queue', (request, reply) => {
    const queue = queueOf(context, request)
    const details = consumersOf(broker.connections).filter(({ consumer }) => consumer.queue === queue)
    const consumerDetails = details.map(held => consumerView(context, held))
    return sendOne(request, reply, { ...view(queue), consumer_details: consumerDetails, incoming: [], deliveries: [] })
  })
  app.get('/api/queues/:vhost/:queue/bindings', (request, reply) => {
    const bindings = vhostOf(context, request).bindingsTo(queueOf(context, request))
    return sendList(request, reply, bindings, bindingView)
  })
}

function changingRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  app.put('/api/queues/:vhost/:queue', (request, reply) => {
    const status = declare(context, request)
    return answerStable(context, reply, status)
  })
  app.post('/api/queues/:vhost/:queue/actions', (request, reply) => {
    const { name } = queueOf(context, request)
    const { action } = bodyOf(request)
    if (action === undefined) throw badRequest('action is missing')
    // A queue without mirrors is in sync with all it has.
    if (action !== 'sync' && action !== 'cancel_sync') throw badRequest(`unknown action ${JSON.stringify(action)}`)
    requirePermission(broker, request, 'configure', name)
    return reply.code(204).send()
  })
  app.delete('/api/queues/:vhost/:queue', (request, reply) => {
    const queue = queueOf(context, request)
    requirePermission(broker, request, 'configure', queue.name)
    const ifUnused = query(request, 'if-unused') === 'true'
    const ifEmpty = query(request, 'if-empty') === 'true'
    vhostOf(context, request).deleteQueue(queue, { ifUnused, ifEmpty })
    return answerStable(context, reply, 204)
  })
}

/** The queue that the path names. Throws `HttpError` 404. */
export function queueOf(context: ManagementContext, request: FastifyRequest): Queue {
  const queue = vhostOf(context, request).queues.get(param(request, 'queue'))
  if (!queue) throw notFound()
  return queue
}

/** Answers the status. A dead-letter exchange asks for the same permissions as over AMQP. */
function declare(context: ManagementContext, request: FastifyRequest): number {
  const vhost = vhostOf(context, request)
  const name = param(request, 'queue')
  const { vhost: _, ...spec } = queueFromJson(vhost.name, name, declarationOf(request))
  requirePermission(context.broker, request, 'configure', name)
  const deadLetterExchange = spec.arguments['x-dead-letter-exchange']
  if (typeof deadLetterExchange === 'string') {
    requirePermission(context.broker, request, 'read', name)
    requirePermission(context.broker, request, 'write', deadLetterExchange)
  }
  const isNew = !vhost.queues.has(name)
  if (isNew) vhost.refuseReservedQueueName(name)
  vhost.declareQueue(spec, null)
  return createdStatus(isNew)
}
