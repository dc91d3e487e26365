/** The HTTP server of the management API: parsing, login, errors, and the routes of each resource. */

import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Clock } from '../clock.ts'
import { parseJson } from '../definitions/json-values.ts'
import { HTTP_BODY_BYTES_MAX, HTTP_REQUEST_MS_MAX } from '../limits.ts'
import { nameActor } from './actor.ts'
import { requireLogin } from './authorization.ts'
import type { ManagementContext } from './context.ts'
import { badRequest, httpErrorFrom, notFound } from './http-error.ts'
import { KnownPaths } from './known-paths.ts'
import type { ManagedBroker } from './managed.ts'
import { Rates } from './rates.ts'
import { bindingRoutes } from './routes/bindings.ts'
import { connectionRoutes } from './routes/connections.ts'
import { definitionRoutes } from './routes/definitions.ts'
import { exchangeRoutes } from './routes/exchanges.ts'
import { healthRoutes } from './routes/health.ts'
import { limitRoutes } from './routes/limits.ts'
import { overviewRoutes } from './routes/overview.ts'
import { parameterRoutes } from './routes/parameters.ts'
import { permissionRoutes } from './routes/permissions.ts'
import { policyRoutes } from './routes/policies.ts'
import { queueMessageRoutes } from './routes/queue-messages.ts'
import { queueRoutes } from './routes/queues.ts'
import { userRoutes } from './routes/users.ts'
import { vhostRoutes } from './routes/vhosts.ts'

export interface ManagementOptions {
  broker: ManagedBroker
  clock: Clock
  /** Told of every error that is a bug of ours; the client gets a 500 without its text. */
  onError: (error: Error) => void
}

/** Longest name of three bytes a character, escaped. */
const PARAM_CHARACTERS_MAX = 4_096

/**
 * No route has a schema: bodies are checked where they are read, with RabbitMQ's words. So the compilers that fastify
 * would load, a hundred modules of them, are not needed, and a start is faster without.
 */
const NO_SCHEMAS = { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } }

const ROUTES = [
  overviewRoutes,
  healthRoutes,
  vhostRoutes,
  userRoutes,
  limitRoutes,
  permissionRoutes,
  exchangeRoutes,
  queueRoutes,
  queueMessageRoutes,
  bindingRoutes,
  policyRoutes,
  parameterRoutes,
  definitionRoutes,
  connectionRoutes,
]

/** Builds the server; it listens once `listen` of the answer, or of its `server`, is called. */
export function createManagementServer({ broker, clock, onError }: ManagementOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: HTTP_BODY_BYTES_MAX,
    requestTimeout: HTTP_REQUEST_MS_MAX,
    forceCloseConnections: true,
    frameworkErrors: (cause, _request, reply) => answerBadUrl(cause, reply as unknown as FastifyReply),
    schemaController: NO_SCHEMAS,
    routerOptions: { maxParamLength: PARAM_CHARACTERS_MAX, ignoreTrailingSlash: true },
  })
  const context: ManagementContext = { broker, clock, rates: new Rates(clock), trends: new Rates(clock) }
  acceptJson(app)
  answerErrors(app, onError, new KnownPaths(app))
  requireLogin(app, context)
  nameActor(app, broker)
  for (const routes of ROUTES) routes(app, context)
  return app
}

function refuseSchema(): never {
  throw new Error('a route has a schema, and the server no compiler for it')
}

/** RabbitMQ takes a body for JSON whatever its content type says, and so do its users' scripts. */
function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, text: string | Buffer) => {
    if (text.length === 0) return undefined
    try {
      return parseJson(text.toString())
    } catch (error) {
      throw error instanceof SyntaxError ? badRequest('the body is not JSON') : error
    }
  })
}

/** Of a URL that no route was looked up for. */
function answerBadUrl(cause: Error, reply: FastifyReply): void {
  const { status, error, reason } = httpErrorFrom(cause) ?? badRequest(cause.message)
  void reply.code(status).send({ error, reason })
}

function answerErrors(app: FastifyInstance, onError: (error: Error) => void, paths: KnownPaths): void {
  app.setNotFoundHandler((request, reply) => {
    const methods = paths.methodsOf(request.url.split('?')[0]!)
    if (methods.length === 0) throw notFound()
    return reply.code(405).header('Allow', methods.join(', ')).send()
  })
  app.setErrorHandler((error: Error, _request, reply) => {
    const answer = httpErrorFrom(error)
    if (!answer) {
      onError(error)
      return reply.code(500).send({ error: 'internal_error', reason: 'an error of the broker; its log says more' })
    }
    if (answer.status === 401) reply.header('WWW-Authenticate', 'Basic realm="RabbitMQ Management"')
    return reply.code(answer.status).headers(answer.headers).send({ error: answer.error, reason: answer.reason })
  })
}
