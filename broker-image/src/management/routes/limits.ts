/** /api/vhost-limits and /api/user-limits. */

import type { FastifyInstance } from 'fastify'
import type { UserDefinition } from '../../definitions/model.ts'
import { limitsOfVhost, userLimitsFrom, VHOST_LIMITS, vhostLimitsFrom } from '../../definitions/named-limits.ts'
import { canSee } from '../authorization.ts'
import { answerStable, bodyOf, type ManagementContext, param } from '../context.ts'
import { badRequest, notFound } from '../http-error.ts'
import { sendList } from '../lists.ts'

const ADMINISTRATOR = { config: { role: 'administrator' } } as const

export function limitRoutes(app: FastifyInstance, context: ManagementContext): void {
  vhostLimits(app, context)
  userLimits(app, context)
}

function vhostLimits(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  const { definitions } = broker
  const view = (vhost: string) => ({ vhost, value: limitsOfVhost(definitions, vhost) })
  const path = '/api/vhost-limits/:vhost/:limit'

  app.get('/api/vhost-limits', (request, reply) => {
    const visible = [...broker.vhosts.keys()].filter(vhost => canSee(broker, request, vhost))
    return sendList(request, reply, visible.map(view).filter(isLimited), same)
  })
  app.get('/api/vhost-limits/:vhost', (request, reply) =>
    sendList(request, reply, [view(param(request, 'vhost'))].filter(isLimited), same),
  )
  app.put(path, ADMINISTRATOR, (request, reply) => {
    const vhost = param(request, 'vhost')
    const one = vhostLimitsFrom({ [param(request, 'limit')]: valueIn(bodyOf(request)) })
    setVhostLimits(context, vhost, { ...limitsOfVhost(definitions, vhost), ...one })
    return answerStable(context, reply, 204)
  })
  app.delete(path, ADMINISTRATOR, (request, reply) => {
    const vhost = param(request, 'vhost')
    const { [param(request, 'limit')]: _, ...others } = limitsOfVhost(definitions, vhost)
    setVhostLimits(context, vhost, others)
    return answerStable(context, reply, 204)
  })
}

function setVhostLimits({ broker }: ManagementContext, vhost: string, value: { [limit: string]: number }): void {
  if (isEmpty(value)) broker.definitions.remove('parameter', [vhost, VHOST_LIMITS.component, VHOST_LIMITS.name])
  else broker.definitions.put('parameter', { vhost, ...VHOST_LIMITS, value }, { durable: true })
}

function userLimits(app: FastifyInstance, context: ManagementContext): void {
  const { definitions } = context.broker
  const path = '/api/user-limits/:user/:limit'
  const view = ({ name, limits }: Readonly<UserDefinition>) => ({ user: name, value: limits })
  const userOf = (name: string): Readonly<UserDefinition> => {
    const user = definitions.get('user', [name])
    if (!user) throw notFound()
    return user
  }

  app.get('/api/user-limits', (request, reply) =>
    sendList(request, reply, definitions.list('user').map(view).filter(isLimited), same),
  )
  app.get('/api/user-limits/:user', (request, reply) =>
    sendList(request, reply, [view(userOf(param(request, 'user')))].filter(isLimited), same),
  )
  app.put(path, ADMINISTRATOR, (request, reply) => {
    const one = userLimitsFrom({ [param(request, 'limit')]: valueIn(bodyOf(request)) })
    const user = definitions.get('user', [param(request, 'user')])
    if (!user) throw badRequest(`user '${param(request, 'user')}' does not exist`)
    definitions.put('user', { ...user, limits: { ...user.limits, ...one } }, { durable: true })
    return answerStable(context, reply, 204)
  })
  app.delete(path, ADMINISTRATOR, (request, reply) => {
    const user = userOf(param(request, 'user'))
    const { [param(request, 'limit')]: _, ...limits } = user.limits
    definitions.put('user', { ...user, limits }, { durable: true })
    return answerStable(context, reply, 204)
  })
}

interface Limited {
  value: Readonly<{ [limit: string]: number }>
}

function isLimited({ value }: Limited): boolean {
  return !isEmpty(value)
}

function isEmpty(value: Limited['value']): boolean {
  return Object.keys(value).length === 0
}

function same<T>(value: T): T {
  return value
}

function valueIn(body: { readonly value?: unknown }): unknown {
  if (body.value === undefined) throw badRequest('value is missing')
  return body.value
}
