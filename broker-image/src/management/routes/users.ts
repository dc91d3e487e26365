/** /api/users and /api/whoami. */

import type { FastifyInstance } from 'fastify'
import { userFromJson } from '../../definitions/from-json.ts'
import { userJson } from '../../definitions/to-json.ts'
import { userOf } from '../authorization.ts'
import { answerStable, bodyOf, createdStatus, type ManagementContext, param } from '../context.ts'
import { badRequest, notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'

const ADMINISTRATOR = { config: { role: 'administrator' } } as const

export function userRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { definitions } = context.broker

  app.get('/api/whoami', (request, reply) => {
    const { name, tags } = userOf(request)
    return reply.send({ name, tags })
  })
  app.get('/api/users', ADMINISTRATOR, (request, reply) => sendList(request, reply, definitions.list('user'), userJson))
  app.get('/api/users/without-permissions', ADMINISTRATOR, (request, reply) => {
    const permitted = new Set(definitions.list('permission').map(({ user }) => user))
    const others = definitions.list('user').filter(({ name }) => !permitted.has(name))
    return sendList(request, reply, others, userJson)
  })
  app.post('/api/users/bulk-delete', ADMINISTRATOR, (request, reply) => {
    const { users } = bodyOf(request)
    if (!Array.isArray(users)) throw badRequest('users should be a list of names')
    for (const name of users) removeUser(context, String(name))
    return answerStable(context, reply, 204)
  })
  app.get('/api/users/:user', ADMINISTRATOR, (request, reply) => {
    const user = definitions.get('user', [param(request, 'user')])
    if (!user) throw notFound()
    return sendOne(request, reply, userJson(user))
  })
  app.put('/api/users/:user', ADMINISTRATOR, (request, reply) => {
    const name = param(request, 'user')
    const body = bodyOf(request)
    if (body['tags'] === undefined) throw badRequest('tags is missing')
    const previous = definitions.get('user', [name])
    definitions.put('user', userFromJson(name, body, previous), { durable: true })
    return answerStable(context, reply, createdStatus(previous === undefined))
  })
  app.delete('/api/users/:user', ADMINISTRATOR, (request, reply) => {
    if (!removeUser(context, param(request, 'user'))) throw notFound()
    return answerStable(context, reply, 204)
  })
}

/** With all permissions; connections of the user are closed. */
function removeUser({ broker }: ManagementContext, name: string): boolean {
  const { definitions } = broker
  for (const { vhost, user } of definitions.list('permission')) {
    if (user === name) definitions.remove('permission', [vhost, user])
  }
  for (const { vhost, user, exchange } of definitions.list('topicPermission')) {
    if (user === name) definitions.remove('topicPermission', [vhost, user, exchange])
  }
  for (const connection of broker.connections) {
    if (connection.user === name) connection.close(`user '${name}' is deleted`)
  }
  return definitions.remove('user', [name]) !== undefined
}
