/** The operator's settings: flags, then environment, then defaults; refused at start when they make no sense. */

import { parseArgs } from 'node:util'
import { isLogLevel, LOG_LEVELS, type LogLevel } from './log.ts'

export interface Config {
  /** Watched one by one; empty: all namespaces by one watch a kind. */
  namespaces: readonly string[]
  brokerImage: string
  /** Path of a kubeconfig; undefined: `$KUBECONFIG`, the pod's service account, or `~/.kube/config`. */
  kubeconfig: string | undefined
  leaderElection: boolean
  leaseNamespace: string
  leaseName: string
  /** Name of this process in the Lease and in Events; the pod's name in a cluster. */
  identity: string
  /** Passes at once for each controller. */
  concurrency: number
  healthHost: string
  healthPort: number
  logLevel: LogLevel
}

/** A setting that cannot be used; its message is for the person who set it. */
export class ConfigError extends Error {}

interface Setting {
  environment: string
  standard: string
  help: string
}

const SETTINGS = {
  namespaces: {
    environment: 'WARREN_NAMESPACES',
    standard: '',
    help: 'namespaces to watch, separated by commas; empty: all',
  },
  'broker-image': {
    environment: 'WARREN_BROKER_IMAGE',
    standard: 'warren-broker:0.1.0',
    help: 'image of brokers whose cluster names none',
  },
  kubeconfig: {
    environment: 'WARREN_KUBECONFIG',
    standard: '',
    help: 'path of a kubeconfig; empty: $KUBECONFIG, the service account of the pod, or ~/.kube/config',
  },
  'leader-election': {
    environment: 'WARREN_LEADER_ELECTION',
    standard: 'true',
    help: 'true or false; false only where never two operators run',
  },
  'lease-namespace': {
    environment: 'POD_NAMESPACE',
    standard: 'default',
    help: 'namespace of the Lease',
  },
  'lease-name': { environment: 'WARREN_LEASE_NAME', standard: 'warren-operator', help: 'name of the Lease' },
  identity: {
    environment: 'POD_NAME',
    standard: 'warren-operator',
    help: 'name of this process in the Lease (a random suffix is added) and in Events',
  },
  concurrency: {
    environment: 'WARREN_CONCURRENCY',
    standard: '10',
    help: 'objects of one kind worked on at once, 1 to 100',
  },
  'health-host': {
    environment: 'WARREN_HEALTH_HOST',
    standard: '0.0.0.0',
    help: 'address of the health and metrics endpoints',
  },
  'health-port': {
    environment: 'WARREN_HEALTH_PORT',
    standard: '8081',
    help: 'port of the health and metrics endpoints; 0: any free one',
  },
  'log-level': { environment: 'WARREN_LOG_LEVEL', standard: 'info', help: LOG_LEVELS.join(', ') },
} as const satisfies Record<string, Setting>

type SettingName = keyof typeof SETTINGS

/** What `--help` prints. */
export function helpText(): string {
  const lines = Object.entries(SETTINGS).map(([name, { environment, standard, help }]) => {
    return `  --${name.padEnd(17)} ${environment.padEnd(24)} ${help} [${standard}]`
  })
  return ['warren-operator: runs Warren brokers on Kubernetes', '', 'Flag, environment variable, meaning [default]:']
    .concat(lines, ['  --help', '', 'SIGUSR2 switches the log between debug and its level; SIGTERM stops.', ''])
    .join('\n')
}

/** The settings, or 'help' when that was asked for. Raises `ConfigError`. */
export function parseConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | 'help' {
  const flags = parseFlags(argv)
  if (flags['help'] === true) return 'help'
  const value = (name: SettingName): string => {
    const flag = flags[name]
    return typeof flag === 'string' ? flag : (environment[SETTINGS[name].environment] ?? SETTINGS[name].standard)
  }
  return {
    namespaces: value('namespaces')
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== ''),
    brokerImage: value('broker-image'),
    kubeconfig: value('kubeconfig') || undefined,
    leaderElection: truth('leader-election', value('leader-election')),
    leaseNamespace: value('lease-namespace'),
    leaseName: value('lease-name'),
    identity: value('identity'),
    concurrency: whole('concurrency', value('concurrency'), 1, 100),
    healthHost: value('health-host'),
    healthPort: whole('health-port', value('health-port'), 0, 65_535),
    logLevel: level(value('log-level')),
  }
}

function parseFlags(argv: readonly string[]): Record<string, string | boolean | undefined> {
  const names = Object.keys(SETTINGS).map(name => [name, { type: 'string' }] as const)
  try {
    const options = { ...Object.fromEntries(names), help: { type: 'boolean' } } as const
    return parseArgs({ args: [...argv], options, strict: true }).values
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}; see --help`)
  }
}

function truth(name: SettingName, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new ConfigError(`--${name} must be true or false, not "${text}"`)
  return text === 'true'
}

function whole(name: SettingName, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new ConfigError(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`)
  return value
}

function level(text: string): LogLevel {
  if (!isLogLevel(text)) throw new ConfigError(`--log-level must be one of ${LOG_LEVELS.join(', ')}, not "${text}"`)
  return text
}
