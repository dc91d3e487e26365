/** /api/parameters and /api/global-parameters: named values for plugins and clients, which the broker only keeps. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parameterFromJson } from '../../definitions/from-json.ts'
import type { ParameterDefinition } from '../../definitions/model.ts'
import { VHOST_LIMITS } from '../../definitions/named-limits.ts'
import { parameterJson } from '../../definitions/to-json.ts'
import { canSee } from '../authorization.ts'
import { answerStable, bodyOf, createdStatus, type ManagementContext, param } from '../context.ts'
import { badRequest, notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'

const POLICYMAKER = { config: { role: 'policymaker' } } as const

export function parameterRoutes(app: FastifyInstance, context: ManagementContext): void {
  parameters(app, context)
  globalParameters(app, context)
}

function parameters(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  for (const path of ['', '/:component', '/:component/:vhost']) {
    app.get(`/api/parameters${path}`, POLICYMAKER, (request, reply) => {
      const own = broker.definitions.list('parameter').filter(ofPath(request))
      return sendList(
        request,
        reply,
        own.filter(({ vhost }) => canSee(broker, request, vhost)),
        parameterJson,
      )
    })
  }
  const path = '/api/parameters/:component/:vhost/:name'
  entryRoutes(app, context, path, request => ({
    vhost: param(request, 'vhost'),
    component: param(request, 'component'),
    name: param(request, 'name'),
  }))
}

function globalParameters(app: FastifyInstance, context: ManagementContext): void {
  const { definitions } = context.broker
  app.get('/api/global-parameters', POLICYMAKER, (request, reply) => {
    const own = definitions.list('parameter').filter(({ vhost }) => vhost === '')
    return sendList(request, reply, own, parameterJson)
  })
  entryRoutes(app, context, '/api/global-parameters/:name', request => ({
    vhost: '',
    component: '',
    name: param(request, 'name'),
  }))
}

type ParameterKey = Omit<ParameterDefinition, 'value'>

function entryRoutes(
  app: FastifyInstance,
  context: ManagementContext,
  path: string,
  keyOf: (request: FastifyRequest) => ParameterKey,
): void {
  const { definitions } = context.broker
  const tuple = ({ vhost, component, name }: ParameterKey): [string, string, string] => [vhost, component, name]

  app.get(path, POLICYMAKER, (request, reply) => {
    const parameter = definitions.get('parameter', tuple(keyOf(request)))
    if (!parameter) throw notFound()
    return sendOne(request, reply, parameterJson(parameter))
  })
  app.put(path, POLICYMAKER, (request, reply) => {
    const key = keyOf(request)
    checkComponent(key)
    const outcome = definitions.put('parameter', parameterFromJson(key, bodyOf(request)), { durable: true })
    return answerStable(context, reply, createdStatus(outcome === 'created'))
  })
  app.delete(path, POLICYMAKER, (request, reply) => {
    if (!definitions.remove('parameter', tuple(keyOf(request)))) throw notFound()
    return answerStable(context, reply, 204)
  })
}

/** A component is known by who serves it, and only limits are served from here. Throws `HttpError` 400. */
function checkComponent({ vhost, component }: ParameterKey): void {
  if (vhost === '' || component === VHOST_LIMITS.component) return
  if (component === 'policy') throw badRequest('policies may not be set using this method')
  throw badRequest(`Validation failed\n\ncomponent ${component} not found\n`)
}

function ofPath(request: FastifyRequest): (parameter: Readonly<ParameterDefinition>) => boolean {
  const { component, vhost } = request.params as { component?: string; vhost?: string }
  return parameter =>
    parameter.vhost !== '' &&
    (component === undefined || parameter.component === component) &&
    (vhost === undefined || parameter.vhost === vhost)
}
