/** The table of what is measured: loads, the rows they give, and the goal of each row. */
import type { Load } from './scenarios.ts'

/** `ratio` compares with RabbitMQ in the same run, `atMost` is absolute; a row without a goal is for information. */
export type Goal =
  | { readonly ratioAtLeast: number }
  | { readonly ratioAtMost: number }
  | { readonly atMost: number }
  | undefined

export type Row = { readonly figure: string; readonly label: string; readonly unit: string; readonly goal: Goal }

export type Case = {
  readonly name: string
  readonly load: Load
  readonly rows: readonly Row[]
  /** Whether the ceiling program does the same work here; it has no durable definitions, for one. */
  readonly ceiling: boolean
}

/** The figure that is measured from outside: growth of the broker's resident memory over the load. */
export const RESIDENT_FIGURE = 'residentMb'

const WARM_UP_SECONDS = 2
const IDLE_QUEUES = 10_000
/** Chosen for RabbitMQ: it is at its best between 1,024 and 16,384 messages on their way. */
const WINDOW = 16_384
const PREFETCH = 4096

export function casesFor(seconds: number): Case[] {
  const time = { window: WINDOW, warmUpSeconds: WARM_UP_SECONDS, seconds }
  const confirmed = { kind: 'stream', durable: true, confirm: true, prefetch: PREFETCH, ...time } as const
  return [
    {
      name: 'transient',
      load: { kind: 'stream', bodyBytes: 16, durable: false, confirm: false, prefetch: 0, ...time },
      rows: [row('perSecond', 'transient, auto-ack, 16 B', 'msg/s', { ratioAtLeast: 12 })],
      ceiling: true,
    },
    {
      name: 'confirm-16',
      load: { ...confirmed, bodyBytes: 16 },
      rows: [row('perSecond', 'persistent, confirm + ack, 16 B', 'msg/s', { ratioAtLeast: 12 })],
      ceiling: true,
    },
    {
      name: 'confirm-1k',
      load: { ...confirmed, bodyBytes: 1024 },
      rows: [row('perSecond', 'persistent, confirm + ack, 1 KiB', 'msg/s', { ratioAtLeast: 8 })],
      ceiling: true,
    },
    {
      name: 'backlog',
      load: { kind: 'backlog', bodyBytes: 16, durable: false, ...time },
      rows: [
        row('publishPerSecond', 'publish only, transient, 16 B', 'msg/s', { ratioAtLeast: 20 }),
        row('drainPerSecond', 'drain of that backlog, auto-ack', 'msg/s', { ratioAtLeast: 15 }),
      ],
      ceiling: true,
    },
    {
      name: 'latency',
      load: { kind: 'latency', bodyBytes: 16, durable: false, perSecond: 5000, ...time },
      rows: [
        row('p50', 'delivery latency at 5,000 msg/s, p50', 'ms', undefined),
        row('p99', 'delivery latency at 5,000 msg/s, p99', 'ms', { ratioAtMost: 0.4 }),
        row('p999', 'delivery latency at 5,000 msg/s, p99.9', 'ms', undefined),
      ],
      ceiling: true,
    },
    {
      name: 'declare',
      load: { kind: 'declares', count: IDLE_QUEUES, pipeline: 1, seconds },
      rows: [row('perSecond', 'durable declares, each waits for its answer', '/s', undefined)],
      ceiling: false,
    },
    {
      name: 'queues',
      load: { kind: 'declares', count: IDLE_QUEUES, pipeline: 100, seconds: 120 },
      rows: [
        row('perSecond', 'durable declares, 100 in a pipeline', '/s', { ratioAtLeast: 20 }),
        row(RESIDENT_FIGURE, 'memory of 10,000 idle durable queues', 'MB', { atMost: 20 }),
      ],
      ceiling: false,
    },
  ]
}

function row(figure: string, label: string, unit: string, goal: Goal): Row {
  return { figure, label, unit, goal }
}
