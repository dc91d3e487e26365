/** /api/permissions and /api/topic-permissions, also by user and by virtual host. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { permissionFromJson, topicPermissionFromJson } from '../../definitions/from-json.ts'
import { permissionJson, topicPermissionJson } from '../../definitions/to-json.ts'
import { answerStable, bodyOf, createdStatus, type ManagementContext, param } from '../context.ts'
import { badRequest, notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'

const ADMINISTRATOR = { config: { role: 'administrator' } } as const

export function permissionRoutes(app: FastifyInstance, context: ManagementContext): void {
  permissions(app, context)
  topicPermissions(app, context)
}

function permissions(app: FastifyInstance, context: ManagementContext): void {
  const { definitions } = context.broker
  app.get('/api/permissions', ADMINISTRATOR, (request, reply) =>
    sendList(request, reply, definitions.list('permission'), permissionJson),
  )
  for (const path of ['/api/vhosts/:vhost/permissions', '/api/users/:user/permissions']) {
    app.get(path, ADMINISTRATOR, (request, reply) =>
      sendList(request, reply, definitions.list('permission').filter(ofPath(request)), permissionJson),
    )
  }
  app.get('/api/permissions/:vhost/:user', ADMINISTRATOR, (request, reply) => {
    const permission = definitions.get('permission', [param(request, 'vhost'), param(request, 'user')])
    if (!permission) throw notFound()
    return sendOne(request, reply, permissionJson(permission))
  })
  app.put('/api/permissions/:vhost/:user', ADMINISTRATOR, (request, reply) => {
    const [vhost, user] = vhostAndUser(context, request)
    const outcome = definitions.put('permission', permissionFromJson(vhost, user, bodyOf(request)), { durable: true })
    return answerStable(context, reply, createdStatus(outcome === 'created'))
  })
  app.delete('/api/permissions/:vhost/:user', ADMINISTRATOR, (request, reply) => {
    if (!definitions.remove('permission', [param(request, 'vhost'), param(request, 'user')])) throw notFound()
    return answerStable(context, reply, 204)
  })
}

function topicPermissions(app: FastifyInstance, context: ManagementContext): void {
  const { definitions } = context.broker
  app.get('/api/topic-permissions', ADMINISTRATOR, (request, reply) =>
    sendList(request, reply, definitions.list('topicPermission'), topicPermissionJson),
  )
  const narrower = ['/api/vhosts/:vhost', '/api/users/:user'].map(path => `${path}/topic-permissions`)
  const own = '/api/topic-permissions/:vhost/:user'
  for (const path of [...narrower, own, `${own}/:exchange`]) {
    app.get(path, ADMINISTRATOR, (request, reply) =>
      sendList(request, reply, definitions.list('topicPermission').filter(ofPath(request)), topicPermissionJson),
    )
  }
  app.put('/api/topic-permissions/:vhost/:user', ADMINISTRATOR, (request, reply) => {
    const [vhost, user] = vhostAndUser(context, request)
    const permission = topicPermissionFromJson(vhost, user, bodyOf(request))
    const outcome = definitions.put('topicPermission', permission, { durable: true })
    return answerStable(context, reply, createdStatus(outcome === 'created'))
  })
  for (const path of ['/api/topic-permissions/:vhost/:user', '/api/topic-permissions/:vhost/:user/:exchange']) {
    app.delete(path, ADMINISTRATOR, (request, reply) => {
      const removed = definitions.list('topicPermission').filter(ofPath(request))
      if (removed.length === 0) throw notFound()
      for (const { vhost, user, exchange } of removed) definitions.remove('topicPermission', [vhost, user, exchange])
      return answerStable(context, reply, 204)
    })
  }
}

/** Keeps what fits the user, virtual host and exchange in the path, as far as they are there. */
function ofPath(request: FastifyRequest): (permission: { user: string; vhost: string; exchange?: string }) => boolean {
  const { vhost, user, exchange } = request.params as { vhost?: string; user?: string; exchange?: string }
  return permission =>
    (vhost === undefined || permission.vhost === vhost) &&
    (user === undefined || permission.user === user) &&
    (exchange === undefined || permission.exchange === exchange)
}

function vhostAndUser({ broker }: ManagementContext, request: FastifyRequest): [vhost: string, user: string] {
  const user = param(request, 'user')
  if (!broker.definitions.get('user', [user])) throw badRequest(`user '${user}' does not exist`)
  return [param(request, 'vhost'), user]
}
