/** The operator as a process: settings, signals, exit codes (0 stopped, 1 failed or Lease lost, 2 bad settings). */

import { collectDefaultMetrics, Registry } from 'prom-client'
import { type Config, ConfigError, helpText, parseConfig } from './config.ts'
import { createLog, type Logger } from './log.ts'
import { type Operator, startOperator } from './operator.ts'

/** Kubernetes kills after 30 s; an orderly end takes far less, and whatever hangs must not hold up a rollout. */
const STOP_MS_MAX = 9000

async function main(): Promise<void> {
  const config = settings()
  if (config === undefined) return
  const log = createLog(config.logLevel)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const die = (why: string) => {
    log.fatal({ why }, 'ending at once')
    process.exit(1)
  }
  switchLevelOnSignal(log, config)
  try {
    const operator = await startOperator({ config, log, registry, environment: process.env, die })
    log.info({ healthPort: operator.healthPort, namespaces: config.namespaces }, 'operator started')
    stopOnSignals(operator, log, die)
    const end = await operator.ended
    log.info({ end }, 'operator ended')
    process.exit(end === 'stopped' ? 0 : 1)
  } catch (error) {
    log.fatal({ err: error }, 'operator cannot start')
    process.exit(1)
  }
}

/** The settings; undefined when there is nothing to run, the exit code being set. */
function settings(): Config | undefined {
  try {
    const config = parseConfig(process.argv.slice(2), process.env)
    if (config !== 'help') return config
    process.stdout.write(helpText())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`warren-operator: ${error.message}\n`)
    process.exitCode = 2
  }
  return undefined
}

/** SIGUSR2 turns debug on, and back to the level of the settings. */
function switchLevelOnSignal(log: Logger, config: Config): void {
  process.on('SIGUSR2', () => {
    log.level = log.level === 'debug' ? config.logLevel : 'debug'
    log.info({ level: log.level }, 'log level')
  })
}

/** The first signal ends in order, the second at once. */
function stopOnSignals(operator: Operator, log: Logger, die: (why: string) => void): void {
  let signals = 0
  const stop = (signal: string) => {
    signals += 1
    if (signals > 1) die(`second ${signal}`)
    log.info({ signal }, 'stopping')
    setTimeout(() => die('did not stop in time'), STOP_MS_MAX).unref()
    operator.stop()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

await main()
