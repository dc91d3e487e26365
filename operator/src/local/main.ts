/** Local mode (`make run`): the operator's own reconcilers over an in-memory store; brokers are processes here. */

import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Registry } from 'prom-client'
import type { BrokerCluster } from '../api/brokercluster.ts'
import { API_VERSION } from '../api/group.ts'
import type { User } from '../api/user.ts'
import { controllers } from '../controllers.ts'
import { secretText } from '../desired/binding-secret.ts'
import { childNames } from '../desired/names.ts'
import { createLog } from '../log.ts'
import type { KubernetesObject } from '../objects.ts'
import { systemClock } from '../runtime/clock.ts'
import { Controller } from '../runtime/controller.ts'
import { runtimeMetrics } from '../runtime/metrics.ts'
import { SourceSet } from '../runtime/source-set.ts'
import { CLOSE_PACE } from '../schedule.ts'
import { isReady } from '../status.ts'
import { AppliedFile } from './applied-file.ts'
import { FlagError, type Flags, HELP, parseFlags } from './flags.ts'
import { LocalFolder } from './folder.ts'
import { claimFolder, FolderInUse } from './folder-claim.ts'
import { LocalNode } from './local-node.ts'
import { LogFile } from './log-file.ts'
import { ManifestError } from './manifest.ts'
import { PortInUse, PortPlan } from './ports.ts'
import { Screen } from './screen.ts'
import { LocalStore } from './store.ts'

const BROKER_MAIN = fileURLToPath(new URL('../../../broker-image/src/main.ts', import.meta.url))
const END_WITH_PARENT = new URL('./end-with-parent.ts', import.meta.url).href
const BROKER = [process.execPath, '--import', END_WITH_PARENT, BROKER_MAIN] as const
const CONCURRENCY = 16
/** What a user can help about files: the message of Node names the file and the reason. */
const FILE_PROBLEMS = ['EACCES', 'ENOENT', 'ENOSPC', 'ENOTDIR', 'EPERM', 'EROFS']

function start(flags: Flags): void {
  const store = new LocalStore(systemClock.now)
  const folder = new LocalFolder(flags.folder)
  folder.create()
  const claim = claimFolder(folder.root)
  const ports = new PortPlan(flags)
  const screen = new Screen(process.stdout, store.cached)
  const complain = (message: string) => screen.say(`error: ${message}`)
  const file = new AppliedFile(flags.manifest, store, complain, waiting => {
    screen.say(`The file has changed. ${file.summary}.`, ...waiting.map(stillGoing))
  })
  const fail = (error: unknown) => {
    node.kill()
    endWith(error)
  }
  const node = new LocalNode({ store, folder, ports, broker: BROKER, complain, fail })
  const running = makeControllers(store, folder, ports)
  folder.loadSecrets(store)
  folder.followSecrets(store, fail)
  announceClusters(store, folder, ports, screen)
  announceUsers(store, folder, screen)
  node.start()
  try {
    file.start()
  } catch (error) {
    if (error instanceof ManifestError) throw new ManifestError(`${flags.manifest}: ${error.message}`)
    throw error
  }
  screen.say(`${file.summary}. Edit it and it is applied again; Ctrl-C stops and keeps the data.`)
  screen.start()
  for (const controller of running) void controller.start()
  stopOnSignals(async () => {
    screen.stop()
    screen.say('Stopping …')
    file.stop()
    await Promise.all(running.map(controller => controller.stop()))
    await node.stop()
    claim.release()
    screen.say(`Stopped; the data is kept in ${flags.folder}.`)
  }, node)
}

function makeControllers(store: LocalStore, folder: LocalFolder, ports: PortPlan): Controller[] {
  const log = createLog('info', new LogFile(join(folder.root, 'operator.log')))
  const deps = {
    objects: store.objects,
    cached: store.cached,
    clock: systemClock,
    random: Math.random,
    log,
    brokerImage: 'local',
    events: {
      record: (object: { kind: string; metadata: { name: string } }, type: string, reason: string, message: string) =>
        log.info({ object: `${object.kind}/${object.metadata.name}`, type, reason }, message),
    },
  }
  const settings = {
    pace: CLOSE_PACE,
    addressOf: ({ metadata }: BrokerCluster) => ports.addressOf(metadata.namespace, metadata.name),
  }
  const sources = new SourceSet(kind => store.source(kind))
  const metrics = runtimeMetrics(new Registry())
  const { clock, random } = deps
  const runtime = { sources, clock, random, log, metrics, concurrency: CONCURRENCY }
  return controllers(deps, settings).map(spec => new Controller(spec, runtime))
}

/** Says once, when a cluster becomes Ready, what to connect with. */
function announceClusters(store: LocalStore, folder: LocalFolder, ports: PortPlan, screen: Screen): void {
  store.source({ apiVersion: API_VERSION, kind: 'BrokerCluster' }).subscribe(change => {
    if (change.type !== 'updated' || isReady(change.previous) || !isReady(change.object)) return
    const { namespace = 'default', name } = change.object.metadata
    const { host, amqpPort, managementPort } = ports.addressOf(namespace, name)
    const secret = folder.secretPath(namespace, name, childNames(name).defaultUser)
    const path = relative(process.cwd(), secret)
    const user = secretText(
      store.cached.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: basename(secret) }),
      'username',
    )
    screen.say(
      '',
      `BrokerCluster ${name}`,
      `  AMQP         amqp://${host}:${amqpPort}`,
      `  management   http://${host}:${managementPort}`,
      `  user         ${user}, password in ${path}/password`,
      `  full URI in  ${path}/uri`,
      `  log          ${relative(process.cwd(), join(folder.clusterPath(namespace, name), 'broker.log'))}`,
    )
  })
}

/** Says once, when a user becomes Ready, where its URI is. */
function announceUsers(store: LocalStore, folder: LocalFolder, screen: Screen): void {
  store.source({ apiVersion: API_VERSION, kind: 'User' }).subscribe(change => {
    if (change.type !== 'updated' || isReady(change.previous) || !isReady(change.object)) return
    const { metadata, spec, status } = change.object as unknown as User
    const secret = status?.binding?.name
    if (secret === undefined) return
    const path = relative(process.cwd(), folder.secretPath(metadata.namespace, spec.clusterRef.name, secret))
    screen.say(`User ${metadata.name}: full URI in ${path}/uri`)
  })
}

/** What was taken out of the file and put back while it was waiting to go. */
function stillGoing({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name} is still being deleted, and is made again after that: its status says what it waits for`
}

/** The first signal ends in order, a second one at once. */
function stopOnSignals(stop: () => Promise<void>, node: LocalNode): void {
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) {
        node.kill()
        process.exit(130)
      }
      stopping = true
      stop().then(() => process.exit(0), endWith)
    })
  }
}

/** Ends with one clear line for what the user can help, with all there is to know for what only we can. */
function endWith(error: unknown): void {
  const { code, message, stack } = error as NodeJS.ErrnoException
  const expected =
    [FlagError, FolderInUse, ManifestError, PortInUse].some(kind => error instanceof kind) ||
    FILE_PROBLEMS.includes(code ?? '')
  process.stderr.write(`error: ${expected ? message : (stack ?? String(error))}\n`)
  process.exit(1)
}

// Whoever read the output is gone, as after `make run | head`. Brokers end in order when we do.
process.stdout.on('error', () => process.exit(1))
try {
  const flags = parseFlags(process.argv.slice(2), process.env)
  if (flags === 'help') process.stdout.write(HELP)
  else start(flags)
} catch (error) {
  endWith(error)
}
