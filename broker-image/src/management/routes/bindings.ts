/** /api/bindings. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { bindingFromJson } from '../../definitions/from-json.ts'
import type { BindingDefinition } from '../../definitions/model.ts'
import { canSee, requirePermission } from '../authorization.ts'
import { bindingView, propertiesKey } from '../binding-views.ts'
import { answerStable, bodyOf, exchangeNameOf, type ManagementContext, param, vhostOf } from '../context.ts'
import { notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'

type Ends = Pick<BindingDefinition, 'vhost' | 'source' | 'destination' | 'destinationType'>

export function bindingRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  app.get('/api/bindings', (request, reply) => {
    const visible = [...broker.vhosts.values()].filter(({ name }) => canSee(broker, request, name))
    return sendList(
      request,
      reply,
      visible.flatMap(vhost => vhost.listBindings()),
      bindingView,
    )
  })
  app.get('/api/bindings/:vhost', (request, reply) =>
    sendList(request, reply, vhostOf(context, request).listBindings(), bindingView),
  )
  endsRoutes(app, context, 'queue')
  endsRoutes(app, context, 'exchange')
}

function endsRoutes(
  app: FastifyInstance,
  context: ManagementContext,
  destinationType: BindingDefinition['destinationType'],
): void {
  const path = `/api/bindings/:vhost/e/:exchange/${destinationType.charAt(0)}/:destination`
  const endsOf = (request: FastifyRequest): Ends => ({
    vhost: param(request, 'vhost'),
    source: exchangeNameOf(request),
    destination: param(request, 'destination'),
    destinationType,
  })

  app.get(path, (request, reply) => sendList(request, reply, between(context, request, endsOf(request)), bindingView))
  app.post(path, (request, reply) => bind(context, request, reply, endsOf(request)))
  app.get(`${path}/:properties`, (request, reply) =>
    sendOne(request, reply, bindingView(named(context, request, endsOf(request)))),
  )
  app.delete(`${path}/:properties`, (request, reply) => {
    const { vhost: _, ...binding } = named(context, request, endsOf(request))
    requireBinding(context, request, binding)
    vhostOf(context, request).unbind(binding, null)
    return answerStable(context, reply, 204)
  })
}

/** All bindings between two ends, which must be there. */
function between(context: ManagementContext, request: FastifyRequest, ends: Ends): BindingDefinition[] {
  const vhost = vhostOf(context, request)
  const { source, destination, destinationType } = ends
  const target = destinationType === 'queue' ? vhost.queues.get(destination) : vhost.exchanges.get(destination)
  if (!vhost.exchanges.has(source) || !target) throw notFound()
  return vhost.bindingsTo(target).filter(binding => binding.source === source)
}

function named(context: ManagementContext, request: FastifyRequest, ends: Ends): BindingDefinition {
  const properties = param(request, 'properties')
  const found = between(context, request, ends).find(binding => propertiesKeys(binding).includes(properties))
  if (!found) throw notFound()
  return found
}

/** Clients differ in whether they escape the key once more in the path. */
function propertiesKeys(binding: BindingDefinition): string[] {
  const key = propertiesKey(binding)
  return [key, decodeURIComponent(key)]
}

/** `Location` is relative, as RabbitMQ's. */
async function bind(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
  ends: Ends,
): Promise<FastifyReply> {
  const binding = bindingFromJson(ends, bodyOf(request))
  const { vhost: name, ...spec } = binding
  requireBinding(context, request, spec)
  vhostOf(context, request).bind(spec, null)
  const source = ends.source === '' ? 'amq.default' : ends.source
  const parts = [name, 'e', source, ends.destinationType.charAt(0), ends.destination, propertiesKey(binding)]
  reply.header('Location', `../../../../${parts.map(encodeURIComponent).join('/')}`)
  return await answerStable(context, reply, 201)
}

/** [AMQP binding permissions of RabbitMQ: write to the destination, read from the source]. */
function requireBinding(context: ManagementContext, request: FastifyRequest, spec: Omit<Ends, 'vhost'>): void {
  requirePermission(context.broker, request, 'write', spec.destination)
  requirePermission(context.broker, request, 'read', spec.source)
}
