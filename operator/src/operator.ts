/** The operator of a cluster, put together: connection, sources, controllers, election, health; and its orderly end. */

import { randomUUID } from 'node:crypto'
import type { Registry } from 'prom-client'
import { connectionOf } from './cluster/choose-connection.ts'
import { ApiHttp } from './cluster/http.ts'
import { leaseClient } from './cluster/lease-client.ts'
import { ClusterObjects } from './cluster/objects.ts'
import { collectionPath } from './cluster/paths.ts'
import { watchTransport } from './cluster/transport.ts'
import type { Config } from './config.ts'
import { controllers } from './controllers.ts'
import { HealthServer } from './health.ts'
import type { Logger } from './log.ts'
import { systemClock } from './runtime/clock.ts'
import { Controller } from './runtime/controller.ts'
import { ObjectEvents } from './runtime/events.ts'
import { LEADER_TIMINGS, LeaderElector } from './runtime/leader.ts'
import { type RuntimeMetrics, runtimeMetrics } from './runtime/metrics.ts'
import { REFLECTOR_TIMINGS, Reflector } from './runtime/reflector.ts'
import { type MakeSource, mergedSource, SourceSet } from './runtime/source-set.ts'

export interface Operator {
  /** Port of the health endpoints. */
  healthPort: number
  /** How it ended: `stopped` was asked for; `lost` is the Lease, and the process must end. */
  ended: Promise<'stopped' | 'lost'>
  /** Ends passes, gives the Lease free, closes connections; `ended` resolves then. */
  stop(): void
}

export interface OperatorOptions {
  config: Config
  log: Logger
  registry: Registry
  environment: Readonly<Record<string, string | undefined>>
  /** Ends the process at once: passes did not end in time, and another operator may soon lead. */
  die(why: string): void
}

/** Passes get so long to end: well within what is left of a Lease that could not be renewed. */
const DRAIN_MS_MAX = LEADER_TIMINGS.leaseMs - LEADER_TIMINGS.renewDeadlineMs - 1000

/** Raises when there is no way to a cluster or the health port is taken; once started it does not raise. */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { config, log, registry } = options
  const metrics = runtimeMetrics(registry)
  const http = new ApiHttp(await connectionOf(config.kubeconfig, options.environment))
  const objects = new ClusterObjects(http)
  const { reflectors, make } = reflectorsOf(http, options, metrics)
  const sources = new SourceSet(make)
  const shared = { clock: systemClock, random: Math.random, log, metrics }
  const events = new ObjectEvents({ ...shared, objects, host: config.identity })
  const deps = { ...shared, objects, events, cached: sources.cached, brokerImage: config.brokerImage }
  const running = controllers(deps).map(
    spec => new Controller(spec, { ...shared, sources, concurrency: config.concurrency }),
  )
  const health = new HealthServer({
    host: config.healthHost,
    port: config.healthPort,
    registry,
    ready: () => sources.hasSynced,
    log,
  })
  const healthPort = await health.start()
  for (const reflector of reflectors) reflector.start()
  const reign = reignOf(http, options, running)
  const ended = reign.run().then(async end => {
    await Promise.all([...reflectors.map(reflector => reflector.stop()), events.flushed(), health.stop()])
    return end
  })
  return { healthPort, ended, stop: reign.stop }
}

/** One reflector a kind and watched namespace. */
function reflectorsOf(http: ApiHttp, { config, log }: OperatorOptions, metrics: RuntimeMetrics) {
  const reflectors: Reflector[] = []
  const transport = watchTransport(http)
  const namespaces = config.namespaces.length === 0 ? [''] : config.namespaces
  const make: MakeSource = (kind, labels) => {
    const own = namespaces.map(namespace => {
      const selector = labels === undefined ? {} : { labels }
      const path = collectionPath(kind, namespace)
      const rest = { clock: systemClock, random: Math.random, timings: REFLECTOR_TIMINGS, log, metrics }
      return new Reflector({ kind, path, ...selector, transport, ...rest })
    })
    reflectors.push(...own)
    return mergedSource(own)
  }
  return { reflectors, make }
}

/** When the controllers run: while this operator leads, or all the time without an election. */
function reignOf(http: ApiHttp, options: OperatorOptions, running: readonly Controller[]) {
  const { config, log } = options
  const lead = () => {
    for (const controller of running) void controller.start()
  }
  const stepDown = async () => {
    const cancel = systemClock.after(DRAIN_MS_MAX, () => options.die('passes did not end in time'))
    await Promise.all(running.map(controller => controller.stop()))
    cancel()
  }
  if (!config.leaderElection) return alwaysLeading(lead, stepDown)
  const elector = new LeaderElector({
    client: leaseClient(http, config.leaseNamespace, config.leaseName),
    identity: `${config.identity}_${randomUUID().slice(0, 8)}`,
    timings: LEADER_TIMINGS,
    clock: systemClock,
    random: Math.random,
    log,
    lead,
    stepDown,
  })
  return { run: () => elector.run(), stop: () => elector.stop() }
}

function alwaysLeading(lead: () => void, stepDown: () => Promise<void>) {
  const stopped = Promise.withResolvers<void>()
  return {
    async run(): Promise<'stopped' | 'lost'> {
      lead()
      await stopped.promise
      await stepDown()
      return 'stopped'
    },
    stop: () => stopped.resolve(),
  }
}
