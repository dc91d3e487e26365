/** The table of what is measured: loads, the rows they give, and the goal of each row. */
import type { NeighbourName } from './neighbours.ts'
import type { PeerName } from './peers.ts'
import type { Load } from './scenarios.ts'
import type { TopologyName } from './topologies.ts'

/**
 * `ratio` compares with RabbitMQ in the same run, `ceilingAtLeast` with the ceiling besides, `atMost` and `atLeast` are
 * absolute; a row without a goal is for information.
 */
export type Goal =
  | { readonly ratioAtLeast: number; readonly ceilingAtLeast?: number }
  | { readonly ratioAtMost: number }
  | { readonly atMost: number }
  | { readonly atLeast: number }
  | undefined

export type Row = { readonly figure: string; readonly label: string; readonly unit: string; readonly goal: Goal }

export type Case = {
  readonly name: string
  readonly load: Load
  readonly rows: readonly Row[]
  /** The ceiling program has one queue a message and no definitions; RabbitMQ is too slow for some loads. */
  readonly peers: readonly PeerName[]
  /** Turns of each broker, unless the command says otherwise. */
  readonly turns: number
  /** The broker's memory is measured at rest: before the load (or after its warm-up), and when all is in it. */
  readonly rests?: boolean
  /** Warren starts without compiled code, as on a machine that has never run it. */
  readonly compiles?: boolean
  /** Lines of the brokers' configuration file. */
  readonly settings?: readonly string[]
}

const WARM_UP_SECONDS = 2
const IDLE_QUEUES = 10_000
/** Chosen for RabbitMQ: it is at its best between 1,024 and 16,384 messages on their way. */
const WINDOW = 16_384
const PREFETCH = 4096
/** Bounds the memory that a backlog takes in the fastest broker. */
const BACKLOG_MESSAGES = 3_000_000
const HOARD_MESSAGES = 10_000_000
/** What the process may take before publishers wait: a small pod. */
const HOARD_MIB = 512
const CONNECTIONS = 5000
const START_MS = 500

const ALL: readonly PeerName[] = ['warren', 'rabbitmq', 'ceiling']
const BOTH: readonly PeerName[] = ['warren', 'rabbitmq']

export function casesFor(seconds: number): Case[] {
  return [...headlines(seconds), ...topologies(seconds), ...churn(seconds), ...masses(seconds), ...neighbours(seconds)]
}

/** What issue and README quote. */
function headlines(seconds: number): Case[] {
  const times = { warmUpSeconds: WARM_UP_SECONDS, seconds }
  const time = { window: WINDOW, ...times }
  const confirmed = { kind: 'stream', durable: true, confirm: true, prefetch: PREFETCH, ...time } as const
  const transient = { kind: 'stream', bodyBytes: 16, durable: false, confirm: false, prefetch: 0, ...time } as const
  const half = { ceilingAtLeast: 0.5 }
  return [
    {
      name: 'transient',
      load: transient,
      rows: [row('perSecond', 'transient, auto-ack, 16 B', 'msg/s', { ratioAtLeast: 16, ...half })],
      peers: ALL,
      turns: 3,
    },
    {
      name: 'confirm-16',
      load: { ...confirmed, bodyBytes: 16 },
      rows: [row('perSecond', 'persistent, confirm + ack, 16 B', 'msg/s', { ratioAtLeast: 16, ...half })],
      peers: ALL,
      turns: 3,
    },
    {
      name: 'confirm-1k',
      load: { ...confirmed, bodyBytes: 1024 },
      rows: [row('perSecond', 'persistent, confirm + ack, 1 KiB', 'msg/s', { ratioAtLeast: 12, ...half })],
      peers: ALL,
      turns: 3,
    },
    {
      name: 'tls',
      load: { ...transient, tls: true },
      rows: [row('perSecond', 'transient, auto-ack, 16 B, over TLS', 'msg/s', undefined)],
      peers: BOTH,
      turns: 1,
    },
    {
      name: 'backlog',
      load: { kind: 'backlog', bodyBytes: 16, durable: false, limit: BACKLOG_MESSAGES, seconds },
      rows: [
        row('publishPerSecond', 'publish only, transient, 16 B', 'msg/s', { ratioAtLeast: 20, ...half }),
        row('drainPerSecond', 'drain of that backlog, auto-ack', 'msg/s', { ratioAtLeast: 15, ...half }),
      ],
      peers: ALL,
      turns: 3,
    },
    {
      name: 'latency',
      load: { kind: 'latency', bodyBytes: 16, durable: false, perSecond: 5000, ...times },
      rows: [
        row('p50', 'delivery latency at 5,000 msg/s, p50', 'ms', undefined),
        row('p99', 'delivery latency at 5,000 msg/s, p99', 'ms', { ratioAtMost: 0.4 }),
        row('p999', 'delivery latency at 5,000 msg/s, p99.9', 'ms', undefined),
      ],
      peers: ALL,
      turns: 3,
    },
  ]
}

function topologies(seconds: number): Case[] {
  const common = { kind: 'flow', bodyBytes: 16, warmUpSeconds: WARM_UP_SECONDS, seconds } as const
  const flow = (name: string, label: string, topology: TopologyName, size: number, window: number): Case => {
    const load: Load = { ...common, topology, size, window }
    return { name, load, rows: [row('perSecond', label, 'deliveries/s', undefined)], peers: BOTH, turns: 1 }
  }
  return [
    flow('fanout-10', 'fan-out to 10 queues', 'fan-out', 10, 4096),
    flow('fanout-100', 'fan-out to 100 queues', 'fan-out', 100, 1024),
    flow('many-pairs', '100 producers, 100 queues, 100 consumers', 'pairs', 100, 256),
    flow('topic', 'topic exchange, 10,000 bindings, 1,000 keys in use', 'topic', 10_000, WINDOW),
    flow('headers', 'headers exchange, 100 bindings', 'headers', 100, WINDOW),
    flow('priority', 'priority queue, 10 priorities in use', 'priority', 10, WINDOW),
    flow('small-queues', '10,000 queues in use, a consumer each', 'small-queues', 10_000, WINDOW),
  ]
}

function churn(seconds: number): Case[] {
  const common = { bodyBytes: 16, window: WINDOW, warmUpSeconds: WARM_UP_SECONDS, seconds }
  return [
    {
      name: 'expiring',
      load: { kind: 'expiring', lifeMs: 500, ...common },
      rows: [row('perSecond', 'confirmed messages that expire after 0.5 s', 'msg/s', undefined)],
      peers: BOTH,
      turns: 1,
    },
    {
      name: 'rejected',
      load: { kind: 'rejected', prefetch: PREFETCH, ...common },
      rows: [row('perSecond', 'rejected, dead-lettered, delivered again', 'msg/s', undefined)],
      peers: BOTH,
      turns: 1,
    },
  ]
}

function masses(seconds: number): Case[] {
  return [
    {
      name: 'hoard',
      load: { kind: 'backlog', bodyBytes: 16, durable: true, limit: HOARD_MESSAGES, seconds: 120 },
      rows: [
        row('publishPerSecond', '10 million persistent messages: publish', 'msg/s', undefined),
        row('residentMib', '10 million waiting: memory of the broker', 'MiB', { atMost: HOARD_MIB }),
        row('residentEach', '10 million waiting: memory of a message', 'B', undefined),
        row('drainPerSecond', '10 million persistent messages: drain', 'msg/s', undefined),
      ],
      peers: ['warren'],
      turns: 1,
      rests: true,
      settings: [`vm_memory_high_watermark.absolute = ${HOARD_MIB}MiB`],
    },
    {
      name: 'declare',
      load: { kind: 'declares', count: IDLE_QUEUES, pipeline: 1, seconds, warmUp: 0 },
      rows: [
        row('perSecond', 'durable declares, each waits for its answer', '/s', { ratioAtLeast: 20 }),
        row('againPerSecond', 'declares of a queue that is there, each waits for its answer', '/s', undefined),
      ],
      peers: BOTH,
      turns: 1,
    },
    {
      name: 'queues',
      load: { kind: 'declares', count: IDLE_QUEUES, pipeline: 100, seconds: 120, warmUp: 1000 },
      rows: [
        row('perSecond', 'durable declares, 100 in a pipeline', '/s', { ratioAtLeast: 20 }),
        row('residentEach', 'memory of an idle durable queue, of 10,000', 'B', { atMost: 2048 }),
      ],
      peers: BOTH,
      turns: 1,
      rests: true,
    },
    {
      name: 'connections',
      load: { kind: 'connections', count: CONNECTIONS, atATime: 100 },
      rows: [
        row('perSecond', 'connections opened, with a channel', '/s', undefined),
        row('residentEach', 'memory of a connection with a channel, of 5,000', 'B', { atMost: 20_480 }),
      ],
      peers: BOTH,
      turns: 1,
      rests: true,
    },
    {
      name: 'start',
      load: { kind: 'nothing' },
      rows: [row('startMs', 'start on an empty folder, to the first channel', 'ms', { atMost: START_MS })],
      peers: BOTH,
      turns: 3,
    },
    {
      name: 'start-compiling',
      load: { kind: 'nothing' },
      rows: [row('startMs', 'the same where no compiled code is kept', 'ms', { atMost: START_MS })],
      peers: ['warren'],
      turns: 5,
      compiles: true,
    },
  ]
}

/** The innocent pair: what it delivers beside a neighbour, in percent of its rate alone, a moment before. */
function neighbours(seconds: number): Case[] {
  const time = { window: WINDOW, warmUpSeconds: WARM_UP_SECONDS, seconds }
  const beside = (neighbour: NeighbourName, label: string): Case => ({
    name: neighbour,
    load: {
      kind: 'neighbour',
      neighbour,
      bodyBytes: 16,
      durable: false,
      confirm: true,
      prefetch: PREFETCH,
      ...time,
    },
    rows: [
      row('percent', `beside ${label}: messages a second`, '% of alone', { atLeast: 90 }),
      row('costPercent', `beside ${label}: processor time of the broker a message`, '% of alone', undefined),
    ],
    peers: BOTH,
    turns: 1,
  })
  return [
    beside('slow-consumers', '100 slow consumers'),
    beside('frozen-consumers', '10 consumers that never read'),
    beside('channel-churn', '1,000 channels that open and close each second'),
    beside('many-queues', '10,000 idle queues'),
  ]
}

function row(figure: string, label: string, unit: string, goal: Goal): Row {
  return { figure, label, unit, goal }
}
