/** /api/policies and /api/operator-policies. */

import type { FastifyInstance } from 'fastify'
import { policyFromJson } from '../../definitions/from-json.ts'
import { policyJson } from '../../definitions/to-json.ts'
import { canSee, type Role } from '../authorization.ts'
import { answerStable, bodyOf, createdStatus, type ManagementContext, param } from '../context.ts'
import { notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'

export function policyRoutes(app: FastifyInstance, context: ManagementContext): void {
  routesOf(app, context, { path: '/api/policies', kind: 'policy', writer: 'policymaker' })
  routesOf(app, context, { path: '/api/operator-policies', kind: 'operatorPolicy', writer: 'administrator' })
}

interface PolicyResource {
  path: string
  kind: 'policy' | 'operatorPolicy'
  /** Who may change it. */
  writer: Role
}

function routesOf(app: FastifyInstance, context: ManagementContext, { path, kind, writer }: PolicyResource): void {
  const { broker } = context
  const { definitions } = broker
  const keyOf = (request: Parameters<typeof param>[0]): [string, string] => [
    param(request, 'vhost'),
    param(request, 'name'),
  ]

  app.get(path, (request, reply) => {
    const visible = definitions.list(kind).filter(({ vhost }) => canSee(broker, request, vhost))
    return sendList(request, reply, visible, policyJson)
  })
  app.get(`${path}/:vhost`, (request, reply) => {
    const own = definitions.list(kind).filter(({ vhost }) => vhost === param(request, 'vhost'))
    return sendList(request, reply, own, policyJson)
  })
  app.get(`${path}/:vhost/:name`, (request, reply) => {
    const policy = definitions.get(kind, keyOf(request))
    if (!policy) throw notFound()
    return sendOne(request, reply, policyJson(policy))
  })
  app.put(`${path}/:vhost/:name`, { config: { role: writer } }, (request, reply) => {
    const [vhost, name] = keyOf(request)
    const policy = policyFromJson({ vhost, name }, bodyOf(request), kind === 'operatorPolicy')
    const outcome = definitions.put(kind, policy, { durable: true })
    return answerStable(context, reply, createdStatus(outcome === 'created'))
  })
  app.delete(`${path}/:vhost/:name`, { config: { role: writer } }, (request, reply) => {
    if (!definitions.remove(kind, keyOf(request))) throw notFound()
    return answerStable(context, reply, 204)
  })
}
