/** What the runtime counts, as Prometheus metrics of one registry (none is global). */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** How a pass over one key ended. */
export type PassResult = 'done' | 'after' | 'retry' | 'terminal'

export interface RuntimeMetrics {
  /** Seconds a pass took, by controller and result. */
  passSeconds: Histogram<'controller' | 'result'>
  /** Keys that wait for a worker, by controller. */
  queueDepth: Gauge<'controller'>
  /** Passes that run now, by controller. */
  running: Gauge<'controller'>
  /** Complete lists taken from the API server, by kind. */
  lists: Counter<'kind'>
  /** Watches opened, by kind. */
  watches: Counter<'kind'>
  /** Watches and lists that failed, by kind. */
  watchFailures: Counter<'kind'>
  /** Events that were dropped because they could not be written. */
  eventsDropped: Counter
}

const PASS_SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60]

/** Registers the metrics. A registry takes them once. */
export function runtimeMetrics(registry: Registry): RuntimeMetrics {
  const registers = [registry]
  return {
    passSeconds: new Histogram({
      name: 'warren_operator_reconcile_duration_seconds',
      help: 'Time of one reconcile pass',
      labelNames: ['controller', 'result'],
      buckets: PASS_SECONDS,
      registers,
    }),
    queueDepth: new Gauge({
      name: 'warren_operator_queue_depth',
      help: 'Keys that wait for a worker',
      labelNames: ['controller'],
      registers,
    }),
    running: new Gauge({
      name: 'warren_operator_reconciles_running',
      help: 'Reconcile passes that run now',
      labelNames: ['controller'],
      registers,
    }),
    lists: new Counter({
      name: 'warren_operator_lists_total',
      help: 'Complete lists taken from the API server',
      labelNames: ['kind'],
      registers,
    }),
    watches: new Counter({
      name: 'warren_operator_watches_total',
      help: 'Watches opened on the API server',
      labelNames: ['kind'],
      registers,
    }),
    watchFailures: new Counter({
      name: 'warren_operator_watch_failures_total',
      help: 'Lists and watches that failed',
      labelNames: ['kind'],
      registers,
    }),
    eventsDropped: new Counter({
      name: 'warren_operator_events_dropped_total',
      help: 'Kubernetes Events that could not be written',
      registers,
    }),
  }
}
