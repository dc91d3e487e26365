/** Health checks: RabbitMQ's own under /api, and two without a login for those who start and stop brokers. */

import type { FastifyInstance, FastifyReply } from 'fastify'
import { type ManagementContext, param } from '../context.ts'
import { badRequest } from '../http-error.ts'
import type { ManagedBroker } from '../managed.ts'

/** Names of protocols as users write them, and as the overview lists them. */
const PROTOCOLS: { readonly [name: string]: string } = {
  amqp: 'amqp',
  amqp091: 'amqp',
  'amqp0.9.1': 'amqp',
  amqps: 'amqp/ssl',
  'amqp/ssl': 'amqp/ssl',
  http: 'http',
  https: 'https',
}

const RESOURCES = ['memory', 'disk'] as const

const OPEN = { config: { isOpen: true } } as const

const DAY_MS = 86_400_000
/** A month is of 30 days, and a year of 365. */
const UNIT_MS = new Map([
  ['days', DAY_MS],
  ['weeks', 7 * DAY_MS],
  ['months', 30 * DAY_MS],
  ['years', 365 * DAY_MS],
])

export function healthRoutes(app: FastifyInstance, context: ManagementContext): void {
  probes(app, context)
  checks(app, context)
  app.get('/api/aliveness-test/:vhost', (_request, reply) => reply.send({ status: 'ok' }))
  for (const path of ['/api/healthchecks/node', '/api/healthchecks/node/:node']) {
    app.get(path, { config: { role: 'monitoring' } }, (_request, reply) => reply.send({ status: 'ok' }))
  }
  app.get('/api/health/checks/port-listener/:port', (request, reply) => {
    const port = Number(param(request, 'port'))
    if (!Number.isInteger(port)) throw badRequest('port should be a number')
    const ports = context.broker.listening.map(listener => listener.port)
    return answer(reply, ports.includes(port), { port }, { reason: `No active listener`, missing: port, ports })
  })
}

/** /healthz: the process answers. /readyz: it takes connections. /metrics: for Prometheus, as open as RabbitMQ's. */
function probes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  app.get('/metrics', OPEN, async (_request, reply) => {
    // With the first scrape, not with the start: a hundred modules come with it.
    const { metricsText } = await import('../metrics.ts')
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsText(context))
  })
  app.get('/healthz', OPEN, (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/readyz', OPEN, (_request, reply) =>
    answer(reply, broker.isReady, {}, { reason: 'the broker is starting or stopping' }),
  )
}

function checks(app: FastifyInstance, context: ManagementContext): void {
  const { broker, clock } = context
  for (const name of ['alarms', 'local-alarms']) {
    app.get(`/api/health/checks/${name}`, (_request, reply) => {
      const alarms = RESOURCES.filter(resource => broker.alarms[resource]).map(resource => ({
        node: broker.nodeName,
        resource,
      }))
      return answer(reply, alarms.length === 0, {}, { reason: 'There are alarms in effect in the cluster', alarms })
    })
  }
  app.get('/api/health/checks/protocol-listener/:protocol', (request, reply) => {
    const name = param(request, 'protocol')
    const isOpen = broker.listening.some(({ protocol }) => protocol === PROTOCOLS[name])
    return answer(reply, isOpen, { protocol: name }, { reason: 'No active listener', missing: name })
  })
  app.get('/api/health/checks/virtual-hosts', (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/api/health/checks/certificate-expiration/:within/:unit', (request, reply) => {
    const unitMs = UNIT_MS.get(param(request, 'unit'))
    const within = param(request, 'within')
    if (unitMs === undefined || !/^\d+$/.test(within)) {
      throw badRequest('expected a number and one of days, weeks, months, years')
    }
    const expired = endingBefore(broker, clock.now() + Number(within) * unitMs)
    return answer(reply, expired.length === 0, {}, { reason: 'Certificates expiring', expired })
  })
  for (const name of ['node-is-mirror-sync-critical', 'node-is-quorum-critical']) {
    app.get(`/api/health/checks/${name}`, (_request, reply) => reply.send({ status: 'ok' }))
  }
}

/** Listeners with a certificate that ends before a time. */
function endingBefore({ listening, nodeName }: ManagedBroker, timeMs: number) {
  return listening.flatMap(({ protocol, address, port, validToMs }) => {
    const endMs = validToMs?.() ?? Number.POSITIVE_INFINITY
    if (endMs >= timeMs) return []
    return [
      {
        node: nodeName,
        protocol,
        interface: address,
        port: String(port),
        cert_validity: new Date(endMs).toISOString(),
      },
    ]
  })
}

/** 200, or 503 with what is wrong. */
function answer(
  reply: FastifyReply,
  isGood: boolean,
  good: object,
  bad: { reason: string; [detail: string]: unknown },
): FastifyReply {
  return isGood ? reply.send({ status: 'ok', ...good }) : reply.code(503).send({ status: 'failed', ...bad })
}
