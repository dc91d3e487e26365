/** The broker as a program: parts wired in the order of the start, and taken down in the order of the stop. */
import { randomInt } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { type DestinationStream, type Logger, pino, type StreamEntry } from 'pino'
import { Alarms } from './alarms.ts'
import { Broker } from './broker.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Config, loadConfig } from './config/config.ts'
import { printedAnswer } from './config/flags.ts'
import { assertHostsKnown } from './config/host-names.ts'
import type { LogLevel } from './config/settings.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { FAREWELL_MS_MAX, FOLDER_LOCK_MS_MAX } from './limits.ts'
import { openListeners } from './listeners.ts'
import { fileDisk, makeFolder } from './log/file-disk.ts'
import { type DefinitionsFile, loadDefinitions } from './management/load-definitions.ts'
import { createManagementServer } from './management/server.ts'
import { LogTap } from './reports/log-tap.ts'
import { machineResources } from './resources.ts'
import { startRefusal } from './start-refusal.ts'

const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

/** Runs a broker until a signal stops it, or prints what `argv` asks for. Ends the process where it cannot start. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    await start(argv)
  } catch (error) {
    fail(error)
  }
}

async function start(argv: readonly string[]): Promise<void> {
  const answer = printedAnswer(argv, VERSION)
  if (answer !== undefined) return print(answer)
  tuneEngine()
  const config = loadConfig({ argv, env: process.env, readFile: readText })
  await assertHostsKnown(config, host => lookup(host))
  const tap = new LogTap()
  const log = createLog(config, tap)
  const lock = takeFolder(config.dataDirectory)
  const broker = openBroker(config, log)
  tap.listener = broker.reports
  for (const warning of config.warnings) log.warn(warning)
  loadDefinitions(broker, readJsonFiles)
  const management = createManagementServer({
    broker,
    clock: broker.clock,
    onError: err => log.error({ err }, 'request failed'),
  })
  await management.ready()
  const listeners = await openListeners({ broker, management, readFile: readText })
  broker.listening = listeners.listening
  broker.isReady = true
  log.info({ listening: listeners.listening.map(({ protocol, port }) => `${protocol} ${port}`) }, 'ready')
  process.on('SIGHUP', () => listeners.reloadCertificates())
  stopOnSignal(async () => {
    broker.isReady = false
    const { gone } = await listeners.close()
    await broker.close()
    await Promise.race([gone, delay(broker.clock, FAREWELL_MS_MAX)])
    lock.release()
    log.info('stopped')
  })
}

/**
 * V8 would let its young generation grow to 48 MiB under any load and keep it. Messages are no objects, so that a larger
 * one saves no work; a small one is what lets ten thousand idle queues cost 16 MB (`bench/RESULTS.md`).
 */
function tuneEngine(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

/** The file, or those of a folder that are named for JSON: a mounted ConfigMap has others too. */
function readJsonFiles(path: string): DefinitionsFile[] {
  const names = statSync(path).isDirectory() ? readdirSync(path).filter(name => name.endsWith('.json')) : undefined
  const paths = names?.sort().map(name => join(path, name)) ?? [path]
  return paths.map(file => ({ path: file, text: readText(file) }))
}

function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise(resolve => clock.after(delayMs, resolve))
}

/** Words and dates that a person can read, as the operator's log has them. */
function createLog({ isConsoleLogOn, logLevel, isLogExchangeOn, logExchangeLevel }: Config, tap: LogTap): Logger {
  const options = {
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const level = isConsoleLogOn ? logLevel : 'silent'
  if (!isLogExchangeOn) return pino({ ...options, level })
  const to = (least: LogLevel, stream: DestinationStream): StreamEntry[] =>
    least === 'silent' ? [] : [{ level: least, stream }]
  return pino(
    { ...options, level: 'debug' },
    pino.multistream([...to(level, process.stdout), ...to(logExchangeLevel, tap)]),
  )
}

function print(text: string): void {
  process.stdout.write(text)
}

function takeFolder(folder: string): FolderLock {
  makeFolder(folder)
  return lockFolder(folder, FOLDER_LOCK_MS_MAX)
}

function openBroker(config: Config, log: Logger): Broker {
  const clock = systemClock()
  return new Broker({
    config,
    clock,
    log,
    disk: name => {
      const folder = join(config.dataDirectory, name)
      mkdirSync(folder, { recursive: true })
      return fileDisk(folder)
    },
    version: VERSION,
    alarms: new Alarms(config, clock, machineResources(config.dataDirectory)),
    randomBelow: count => randomInt(count),
    onFatal: error => {
      log.fatal({ err: error }, 'the log cannot be written: stopping, so that nothing is confirmed that is not safe')
      process.exit(1)
    },
  })
}

/** The first signal stops cleanly, a second one at once. */
function stopOnSignal(stop: () => Promise<void>): void {
  let isStopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1)
      isStopping = true
      stop().then(() => process.exit(0), fail)
    })
  }
}

function fail(error: unknown): never {
  process.stderr.write(`${startRefusal(error)}\n`)
  process.exit(1)
}
