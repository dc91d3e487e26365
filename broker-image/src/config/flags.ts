/** The command line and the environment: one table, of which the help text is made. */

import { parseArgs } from 'node:util'
import { ConfigError } from './config-error.ts'
import { field, managementTcp } from './config-key.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { nearest } from './nearest.ts'
import type { Settings } from './settings.ts'
import { parseHost, parseName, parsePort } from './value-parsers.ts'

export type FlagName =
  | 'data-dir'
  | 'config'
  | 'amqp-port'
  | 'management-port'
  | 'host'
  | 'node-name'
  | 'default-user-file'
  | 'default-pass-file'

/** Text of each flag that was given, on the command line or in the environment. */
export type Flags = { [name in FlagName]?: string }

export interface Flag {
  name: FlagName
  /** Says the same as the flag where the flag is missing. */
  env: string
  value: string
  doc: string
  /** The value is a path; what `apply` gets is the file's text. */
  isSecretFile?: true
  /** Absent where the flag is no setting. Throws `ConfigError`. */
  apply?: (settings: Settings, text: string) => void
}

export const FLAGS: readonly Flag[] = [
  { name: 'data-dir', env: 'WARREN_DATA_DIR', value: 'DIR', doc: 'where messages and definitions live (warren-data)' },
  { name: 'config', env: 'WARREN_CONFIG_FILE', value: 'FILE', doc: 'settings in the format of rabbitmq.conf' },
  {
    name: 'amqp-port',
    env: 'WARREN_AMQP_PORT',
    value: 'PORT',
    doc: 'port of AMQP 0-9-1 (5672); 0 takes a free one',
    apply: (settings, text) => {
      settings.amqpListeners = { default: { host: settings.amqpListeners['default']?.host, port: parsePort(text) } }
    },
  },
  {
    name: 'management-port',
    env: 'WARREN_MANAGEMENT_PORT',
    value: 'PORT',
    doc: 'port of the management HTTP API (15672); 0 takes a free one',
    apply: managementTcp('port', parsePort),
  },
  {
    name: 'host',
    env: 'WARREN_HOST',
    value: 'ADDRESS',
    doc: 'address that all listeners bind (all addresses)',
    apply: (settings, text) => {
      const host = parseHost(text)
      const { amqpListeners, amqpsListeners, management, managementTls } = settings
      const amqp = [...Object.values(amqpListeners), ...Object.values(amqpsListeners)]
      for (const listener of [...amqp, management, managementTls]) listener.host = host
    },
  },
  { name: 'node-name', env: 'WARREN_NODE_NAME', value: 'NAME', doc: "name of this node (warren@ and the host's name)" },
  {
    name: 'default-user-file',
    env: 'WARREN_DEFAULT_USER_FILE',
    value: 'FILE',
    doc: 'file that holds the name of the default user, such as a mounted Secret',
    isSecretFile: true,
    apply: field('defaultUser', parseName),
  },
  {
    name: 'default-pass-file',
    env: 'WARREN_DEFAULT_PASS_FILE',
    value: 'FILE',
    doc: 'file that holds the password of the default user',
    isSecretFile: true,
    apply: field('defaultPass', parseName),
  },
]

/** The flags that were given; the environment where a flag is missing. Throws `ConfigError` for unknown flags. */
export function parseFlags(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Flags {
  const options = Object.fromEntries(FLAGS.map(flag => [flag.name, { type: 'string' as const }]))
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  const flags: Flags = {}
  for (const { name, env: variable } of FLAGS) {
    const text = env[variable]
    if (text !== undefined && text !== '') flags[name] = text
  }
  for (const token of tokens) {
    if (token.kind !== 'option') throw new ConfigError(`unexpected argument ${argv[token.index]}; see --help`)
    const flag = FLAGS.find(candidate => candidate.name === token.name)
    if (!flag) throw new ConfigError(unknownFlag(token.rawName))
    if (!token.value) throw new ConfigError(`${token.rawName}: expected ${flag.value} after it`)
    flags[flag.name] = token.value
  }
  return flags
}

function unknownFlag(rawName: string): string {
  const known = nearest(
    rawName,
    FLAGS.map(flag => `--${flag.name}`),
  )
  return `unknown flag ${rawName}; the nearest known flag is ${known}, and --help lists all`
}

/** Puts the text of a flag into its field. Throws `ConfigError` naming the flag and its variable. */
export function applyFlag(flag: Flag, settings: Settings, text: string): void {
  try {
    flag.apply?.(settings, text)
    settings.places[`--${flag.name}`] = `--${flag.name} (${flag.env})`
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new ConfigError(`--${flag.name} (${flag.env}): ${flag.isSecretFile ? '' : `${text}: `}${cause.message}`)
  }
}

/** What to print instead of starting: the answer to `--help` or `--version`, else undefined. */
export function printedAnswer(argv: readonly string[], version: string): string | undefined {
  if (argv.includes('--help') || argv.includes('-h')) return helpText()
  if (argv.includes('--version')) return `warren-broker ${version}\n`
  return undefined
}

/** The text of `--help`: every flag, variable and configuration key. */
function helpText(): string {
  const flags = FLAGS.map(flag => row(`--${flag.name} ${flag.value}`, `${flag.doc} [${flag.env}]`))
  const keys = CONFIG_KEYS.map(({ key, doc, default: text }) => row(key, text === '' ? doc : `${doc} (${text})`))
  return [
    'warren-broker: a message broker for AMQP 0-9-1 clients, with the management HTTP API of RabbitMQ',
    '',
    'Usage: warren-broker [flags]',
    '',
    'Flags; a variable in brackets says the same where the flag is missing:',
    ...flags,
    row('--help', 'this text'),
    row('--version', 'the version'),
    '',
    'Keys of the configuration file, with their defaults:',
    ...keys,
    '',
    'Probes on the management port, without a login: /healthz, /readyz, /metrics.',
    'SIGTERM ends the broker cleanly.',
    '',
  ].join('\n')
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(36)} ${right}`
}
