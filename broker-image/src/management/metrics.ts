/** Metrics for Prometheus by the names that RabbitMQ's dashboards ask for. */

import { Counter, Gauge, Registry } from 'prom-client'
import type { ManagementContext } from './context.ts'
import { type HostFacts, hostFacts } from './host-facts.ts'
import { type BrokerTotals, brokerTotals } from './totals.ts'

interface Observed extends BrokerTotals {
  host: HostFacts
  uptimeSeconds: number
  alarms: { readonly memory: boolean; readonly disk: boolean }
}

type Row = readonly [name: string, help: string, value: (observed: Observed) => number]

const GAUGES: readonly Row[] = [
  ['queue_messages_ready', 'Messages ready for delivery', ({ messages }) => messages.ready],
  ['queue_messages_unacked', 'Messages that wait for an acknowledgement', ({ messages }) => messages.unacknowledged],
  ['queue_messages', 'Messages ready, unacknowledged or about to be dead-lettered', ({ messages }) => messages.all],
  ['queues', 'Queues', ({ queues }) => queues],
  ['exchanges', 'Exchanges', ({ exchanges }) => exchanges],
  ['connections', 'Connections', ({ connections }) => connections],
  ['channels', 'Channels', ({ channels }) => channels],
  ['consumers', 'Consumers', ({ consumers }) => consumers],
  ['erlang_uptime_seconds', 'Seconds since the start', ({ uptimeSeconds }) => uptimeSeconds],
  ['process_resident_memory_bytes', 'Memory in use', ({ host }) => host.memoryUsedBytes],
  ['resident_memory_limit_bytes', 'Memory above which publishers wait', ({ host }) => host.memoryLimitBytes],
  ['disk_space_available_bytes', 'Free disk space', ({ host }) => host.diskFreeBytes],
  ['disk_space_available_limit_bytes', 'Disk space below which publishers wait', ({ host }) => host.diskFreeLimitBytes],
  ['process_open_fds', 'Open file descriptors', ({ host }) => host.openFiles],
  ['process_open_tcp_sockets', 'Open client sockets', ({ connections }) => connections],
  ['alarms_memory_used_watermark', '1 while memory is short', ({ alarms }) => Number(alarms.memory)],
  ['alarms_free_disk_space_watermark', '1 while disk space is short', ({ alarms }) => Number(alarms.disk)],
  ['unreachable_cluster_peers_count', 'Peers that do not answer', () => 0],
]

const PROTOCOL_LABELS = { protocol: 'amqp091' }

const QUEUE_LABELS = { ...PROTOCOL_LABELS, queue_type: 'rabbit_classic_queue' }

const COUNTERS: readonly Row[] = [
  ['global_messages_routed_total', 'Messages put into queues', ({ counters }) => counters.published],
  [
    'global_messages_delivered_total',
    'Messages delivered to consumers',
    ({ counters }) => counters.delivered + counters.deliveredNoAck,
  ],
  [
    'global_messages_delivered_consume_auto_ack_total',
    'Messages delivered to consumers that acknowledge automatically',
    ({ counters }) => counters.deliveredNoAck,
  ],
  [
    'global_messages_delivered_consume_manual_ack_total',
    'Messages delivered to consumers that acknowledge by hand',
    ({ counters }) => counters.delivered,
  ],
  ['global_messages_delivered_get_auto_ack_total', 'Messages got without ack', ({ counters }) => counters.gotNoAck],
  ['global_messages_delivered_get_manual_ack_total', 'Messages got with ack', ({ counters }) => counters.got],
  ['global_messages_get_empty_total', 'Gets from an empty queue', ({ counters }) => counters.gotEmpty],
  ['global_messages_redelivered_total', 'Messages delivered again', ({ counters }) => counters.redelivered],
  ['global_messages_acknowledged_total', 'Messages acknowledged', ({ counters }) => counters.acknowledged],
]

/** The text of one scrape. */
export async function metricsText({ broker, clock }: ManagementContext): Promise<string> {
  const { config, nodeName, startedAtMs, alarms } = broker
  const uptimeSeconds = (clock.now() - startedAtMs) / 1_000
  const observed = { ...brokerTotals(broker), host: await hostFacts(broker), uptimeSeconds, alarms }
  const registry = new Registry()
  identity(registry, { node: nodeName, cluster: config.clusterName, version: config.productVersion })
  for (const [name, help, value] of GAUGES) {
    new Gauge({ name: `rabbitmq_${name}`, help, registers: [registry] }).set(value(observed))
  }
  for (const [name, help, value] of COUNTERS) {
    const labels = name === 'global_messages_routed_total' ? PROTOCOL_LABELS : QUEUE_LABELS
    const labelNames = Object.keys(labels)
    new Counter({ name: `rabbitmq_${name}`, help, labelNames, registers: [registry] }).inc(labels, value(observed))
  }
  return await registry.metrics()
}

/** Every panel of the dashboards joins on these labels. */
function identity(registry: Registry, { node, cluster, version }: { node: string; cluster: string; version: string }) {
  const info = (name: string, help: string, labels: { [label: string]: string }): void => {
    const labelNames = Object.keys(labels)
    new Gauge({ name: `rabbitmq_${name}`, help, labelNames, registers: [registry] }).set(labels, 1)
  }
  info('identity_info', 'Node and cluster', {
    rabbitmq_node: node,
    rabbitmq_cluster: cluster,
    rabbitmq_cluster_permanent_id: cluster,
    rabbitmq_endpoint: 'aggregated',
  })
  info('build_info', 'Versions', {
    rabbitmq_version: version,
    prometheus_plugin_version: version,
    prometheus_client_version: '',
    erlang_version: '',
  })
}
