/** /api/connections, /api/channels and /api/consumers. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { canSee, hasRole, userOf } from '../authorization.ts'
import {
  channelName,
  channelsOf,
  channelView,
  connectionView,
  consumersOf,
  consumerView,
  type HeldChannel,
  type HeldConsumer,
} from '../connection-views.ts'
import { answerStable, type ManagementContext, param } from '../context.ts'
import { notAuthorised, notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'
import type { ManagedConnection } from '../managed.ts'

export function connectionRoutes(app: FastifyInstance, context: ManagementContext): void {
  connections(app, context)
  channels(app, context)
  consumers(app, context)
}

function connections(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  const view = (connection: ManagedConnection) => connectionView(context, connection)
  const visible = (request: FastifyRequest): ManagedConnection[] =>
    [...broker.connections].filter(connection => maySee(request, connection))

  app.get('/api/connections', (request, reply) => sendList(request, reply, visible(request), view))
  app.get('/api/connections/username/:user', (request, reply) => {
    const own = visible(request).filter(connection => connection.user === param(request, 'user'))
    return sendList(request, reply, own, view)
  })
  app.delete('/api/connections/username/:user', (request, reply) => {
    closeAll(
      request,
      visible(request).filter(connection => connection.user === param(request, 'user')),
    )
    return answerStable(context, reply, 204)
  })
  app.get('/api/vhosts/:vhost/connections', (request, reply) => {
    const own = visible(request).filter(connection => connection.vhost === param(request, 'vhost'))
    return sendList(request, reply, own, view)
  })
  app.get('/api/connections/:connection', (request, reply) =>
    sendOne(request, reply, view(connectionsNamed(context, request)[0])),
  )
  app.get('/api/connections/:connection/channels', (request, reply) => {
    const held = channelsOf(connectionsNamed(context, request))
    return sendList(request, reply, held, item => channelView(context, item))
  })
  app.delete('/api/connections/:connection', (request, reply) => {
    closeAll(request, connectionsNamed(context, request))
    return answerStable(context, reply, 204)
  })
}

/** Closes all of them, or none. Throws `HttpError` 401. */
function closeAll(request: FastifyRequest, connections: readonly ManagedConnection[]): void {
  if (!connections.every(connection => isOwnOrAdministrator(request, connection))) {
    throw notAuthorised('Not administrator user')
  }
  for (const connection of connections) connection.close(reasonIn(request))
}

function reasonIn(request: FastifyRequest): string {
  const reason = request.headers['x-reason']
  return typeof reason === 'string' ? reason : 'Closed via management plugin'
}

function channels(app: FastifyInstance, context: ManagementContext): void {
  const view = (held: HeldChannel) => channelView(context, held)
  const visible = (request: FastifyRequest): HeldChannel[] =>
    channelsOf(context.broker.connections).filter(({ connection }) => maySee(request, connection))

  app.get('/api/channels', (request, reply) => sendList(request, reply, visible(request), view))
  app.get('/api/vhosts/:vhost/channels', (request, reply) => {
    const own = visible(request).filter(({ connection }) => connection.vhost === param(request, 'vhost'))
    return sendList(request, reply, own, view)
  })
  app.get('/api/channels/:channel', (request, reply) => {
    const held = visible(request).find(item => channelName(item) === param(request, 'channel'))
    if (!held) throw notFound()
    const details = consumersOf([held.connection]).filter(({ channel }) => channel === held.channel)
    return sendOne(request, reply, {
      ...view(held),
      consumer_details: details.map(item => consumerView(context, item)),
    })
  })
}

function consumers(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  const view = (held: HeldConsumer) => consumerView(context, held)
  app.get('/api/consumers', (request, reply) => {
    const visible = consumersOf(broker.connections).filter(({ consumer }) =>
      canSee(broker, request, consumer.queue.vhost),
    )
    return sendList(request, reply, visible, view)
  })
  app.get('/api/consumers/:vhost', (request, reply) => {
    const own = consumersOf(broker.connections).filter(
      ({ consumer }) => consumer.queue.vhost === param(request, 'vhost'),
    )
    return sendList(request, reply, own, view)
  })
}

/** Those that the path names; behind a proxy they may be several. Throws `HttpError` 404 for none. */
function connectionsNamed(
  { broker }: ManagementContext,
  request: FastifyRequest,
): [ManagedConnection, ...ManagedConnection[]] {
  const name = param(request, 'connection')
  const [first, ...others] = [...broker.connections].filter(
    connection => connection.name === name && maySee(request, connection),
  )
  if (first === undefined) throw notFound()
  return [first, ...others]
}

/** A user without the monitoring tag sees their own. */
function maySee(request: FastifyRequest, connection: ManagedConnection): boolean {
  return hasRole(userOf(request), 'monitoring') || isOwnOrAdministrator(request, connection)
}

function isOwnOrAdministrator(request: FastifyRequest, connection: ManagedConnection): boolean {
  const user = userOf(request)
  return connection.user === user.name || hasRole(user, 'administrator')
}
