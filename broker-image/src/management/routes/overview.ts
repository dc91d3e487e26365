/** /api/overview, /api/nodes, /api/cluster-name, /api/extensions. */

import { availableParallelism } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { MECHANISMS, mechanismsOf } from '../../config/mechanisms.ts'
import { stringField } from '../../definitions/json-values.ts'
import { exchangeTypes } from '../../routing/exchange-types.ts'
import { answerStable, bodyOf, type ManagementContext, param } from '../context.ts'
import { hostFacts } from '../host-facts.ts'
import { notFound } from '../http-error.ts'
import { sendList, sendOne } from '../lists.ts'
import type { ManagedBroker } from '../managed.ts'
import { messageStats, queueTotalsJson } from '../queue-views.ts'
import { brokerTotals } from '../totals.ts'

/** The parameter that keeps a name given over HTTP. */
const CLUSTER_NAME_KEY: [string, string, string] = ['', '', 'cluster_name']

const MONITORING = { config: { role: 'monitoring' } } as const

export function overviewRoutes(app: FastifyInstance, context: ManagementContext): void {
  const { broker } = context
  app.get('/api/overview', (request, reply) => sendOne(request, reply, overview(context)))
  app.get('/api/nodes', MONITORING, async (request, reply) =>
    sendList(request, reply, [await node(context)], row => row),
  )
  app.get('/api/nodes/:node', MONITORING, async (request, reply) => {
    if (param(request, 'node') !== broker.nodeName) throw notFound()
    return sendOne(request, reply, await node(context))
  })
  app.get('/api/extensions', (_request, reply) => reply.send([]))
  app.get('/api/cluster-name', (_request, reply) => reply.send({ name: clusterName(broker) }))
  app.put('/api/cluster-name', { config: { role: 'administrator' } }, (request, reply) => {
    const [vhost, component, name] = CLUSTER_NAME_KEY
    const value = stringField(bodyOf(request), 'name')
    broker.definitions.put('parameter', { vhost, component, name, value }, { durable: true })
    return answerStable(context, reply, 204)
  })
}

function clusterName({ definitions, config }: ManagedBroker): string {
  const given = definitions.get('parameter', CLUSTER_NAME_KEY)?.value
  return typeof given === 'string' ? given : config.clusterName
}

function overview(context: ManagementContext) {
  const { broker, rates, trends } = context
  const { config } = broker
  const { messages, counters, ...objects } = brokerTotals(broker)
  return {
    management_version: config.productVersion,
    rabbitmq_version: config.productVersion,
    product_name: config.productName,
    product_version: config.productVersion,
    warren_version: broker.version,
    erlang_version: '',
    rates_mode: 'basic',
    exchange_types: enabledExchangeTypes(),
    cluster_name: clusterName(broker),
    node: broker.nodeName,
    message_stats: rates.withRates(broker, messageStats(counters)),
    queue_totals: queueTotalsJson(messages, totals => trends.withRates(broker, totals)),
    object_totals: objects,
    statistics_db_event_queue: 0,
    listeners: listeners(broker),
    contexts: [],
  }
}

function listeners({ listening, nodeName }: ManagedBroker) {
  return listening.map(({ protocol, address, port }) => ({ node: nodeName, protocol, ip_address: address, port }))
}

function enabledExchangeTypes() {
  return exchangeTypes().map(type => ({ ...type, enabled: true }))
}

/** Numbers of this process and its host. */
async function node({ broker, clock }: ManagementContext) {
  const { config } = broker
  const host = await hostFacts(broker)
  return {
    name: broker.nodeName,
    type: 'disc',
    running: true,
    os_pid: String(process.pid),
    uptime: clock.now() - broker.startedAtMs,
    processors: availableParallelism(),
    mem_used: host.memoryUsedBytes,
    mem_limit: host.memoryLimitBytes,
    mem_alarm: broker.alarms.memory,
    disk_free: host.diskFreeBytes,
    disk_free_limit: host.diskFreeLimitBytes,
    disk_free_alarm: broker.alarms.disk,
    fd_used: host.openFiles,
    sockets_used: broker.connections.size,
    partitions: [],
    cluster_links: [],
    exchange_types: enabledExchangeTypes(),
    auth_mechanisms: authMechanisms(config),
    applications: [],
    contexts: [],
    enabled_plugins: [],
    config_files: [],
    log_files: [],
    db_dir: config.dataDirectory,
    rates_mode: 'basic',
  }
}

const DESCRIPTIONS: { readonly [mechanism in (typeof MECHANISMS)[number]]: string } = {
  PLAIN: 'SASL PLAIN authentication mechanism',
  AMQPLAIN: 'QPid AMQPLAIN mechanism',
  EXTERNAL: "the name in a client's certificate",
  ANONYMOUS: 'no name at all',
}

function authMechanisms(config: ManagedBroker['config']) {
  const enabled = mechanismsOf(config)
  return MECHANISMS.map(name => ({ name, description: DESCRIPTIONS[name], enabled: enabled.includes(name) }))
}
