/** The table of every key of `rabbitmq.conf` that this broker knows; the help text and the errors come from it too. */

import { CONSUMER_TIMEOUT_MS, MESSAGE_BYTES_MAX, TTL_MS_MAX } from '../limits.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigEntry } from './config-file.ts'
import { type ConfigKey, entry, field, none, part } from './config-key.ts'
import { isIgnored } from './ignored-keys.ts'
import { editDistance, nearest } from './nearest.ts'
import { CONNECTION_KEYS, LISTENER_KEYS, LOGIN_KEYS } from './network-keys.ts'
import { REPORT_KEYS } from './report-keys.ts'
import type { Settings } from './settings.ts'
import { TLS_KEYS } from './tls-keys.ts'
import {
  integerBetween,
  parseAuthBackend,
  parseBoolean,
  parseBytes,
  parseFraction,
  parseLogLevel,
  parseName,
  parsePattern,
} from './value-parsers.ts'

export const CONFIG_KEYS: readonly ConfigKey[] = [
  ...LISTENER_KEYS,
  ...TLS_KEYS,
  {
    key: 'auth_backends.<name>',
    doc: 'internal, the only one there is',
    default: 'internal',
    apply: (_, text) => parseAuthBackend(text),
  },
  {
    key: 'loopback_users',
    doc: 'none: no user is restricted to the loopback interface',
    default: '',
    apply: none('loopbackUsers'),
  },
  {
    key: 'loopback_users.<name>',
    doc: 'whether the user may connect from the loopback interface only; guest is restricted from the start',
    default: 'true',
    apply: entry(settings => settings.loopbackUsers, parseBoolean),
  },
  {
    key: 'default_user',
    doc: 'user made in an empty data directory',
    default: 'guest',
    apply: field('defaultUser', parseName),
  },
  {
    key: 'default_pass',
    doc: 'password of that user',
    default: 'guest',
    apply: field('defaultPass', text => text),
  },
  {
    key: 'default_vhost',
    doc: 'virtual host made in an empty data directory',
    default: '/',
    apply: field('defaultVhost', parseName),
  },
  {
    key: 'default_user_tags.<name>',
    doc: 'tags of the default user: administrator (set from the start), policymaker, monitoring, management',
    default: 'true',
    apply: entry(settings => settings.defaultUserTags, parseBoolean),
  },
  ...(['configure', 'write', 'read'] as const).map(
    (permission): ConfigKey => ({
      key: `default_permissions.${permission}`,
      doc: `names that the default user may ${permission}: a regular expression`,
      default: '.*',
      apply: part('defaultPermissions', permission, parsePattern),
    }),
  ),
  {
    key: 'log.console',
    doc: 'whether the log goes to the console',
    default: 'true',
    apply: field('isConsoleLogOn', parseBoolean),
  },
  {
    key: 'log.console.level',
    doc: 'debug, info, warning, error, critical or none',
    default: 'info',
    apply: field('logLevel', parseLogLevel),
  },
  ...REPORT_KEYS,
  {
    key: 'vm_memory_high_watermark.relative',
    doc: 'share of the memory above which publishers wait',
    default: '0.4',
    apply: field('memoryHighWatermark', text => ({ relative: parseFraction(text) })),
  },
  {
    key: 'vm_memory_high_watermark.absolute',
    doc: 'the same in bytes (512MiB, 2GB)',
    default: '',
    apply: field('memoryHighWatermark', text => ({ absoluteBytes: parseBytes(text) })),
  },
  {
    key: 'disk_free_limit.relative',
    doc: 'free disk space, as a multiple of the memory, below which publishers wait',
    default: '',
    apply: field('diskFreeLimit', text => ({ relative: parseFraction(text) })),
  },
  {
    key: 'disk_free_limit.absolute',
    doc: 'the same in bytes (50MB, 2GiB)',
    default: '50MB',
    apply: field('diskFreeLimit', text => ({ absoluteBytes: parseBytes(text) })),
  },
  ...CONNECTION_KEYS,
  ...LOGIN_KEYS,
  {
    key: 'consumer_timeout',
    doc: 'milliseconds in which a consumer must settle a delivery; its channel is closed when it has not',
    default: String(CONSUMER_TIMEOUT_MS),
    apply: field('consumerTimeoutMs', integerBetween(1, TTL_MS_MAX)),
  },
  {
    key: 'max_message_size',
    doc: 'bytes of one message',
    default: String(MESSAGE_BYTES_MAX),
    apply: field('messageBytesMax', integerBetween(1, MESSAGE_BYTES_MAX)),
  },
  {
    key: 'definitions.import_backend',
    doc: 'only local_filesystem: definitions.local.path says where',
    default: '',
    apply: (_settings, text) => parseBackend(text),
  },
  ...['load_definitions', 'management.load_definitions', 'definitions.local.path'].map(
    (key): ConfigKey => ({
      key,
      doc: 'file of definitions, as /api/definitions gives it, or a folder of such, that is taken in at every start',
      default: '',
      apply: field('definitionsFile', parseName),
    }),
  ),
  {
    key: 'cluster_name',
    doc: "name of the cluster; the node's name when not set",
    default: '',
    apply: field('clusterName', parseName),
  },
  ...['management.product_name', 'product.name'].map(
    (key): ConfigKey => ({
      key,
      doc: 'product that clients are told of',
      default: 'RabbitMQ',
      apply: field('productName', parseName),
    }),
  ),
  ...['management.product_version', 'product.version'].map(
    (key): ConfigKey => ({
      key,
      doc: 'version of that product',
      default: '3.13.7',
      apply: field('productVersion', parseName),
    }),
  ),
]

/** Definitions are read from disk: whoever has them elsewhere puts them there first. */
function parseBackend(text: string): void {
  if (text !== 'local_filesystem' && text !== 'local') {
    throw new ConfigError('expected local_filesystem: fetch the file first, and name it by load_definitions')
  }
}

/** Puts one entry of a file into its field. Throws `ConfigError` naming file, line, key and what is expected. */
export function applySetting(settings: Settings, { key, value, place }: ConfigEntry): void {
  const known = CONFIG_KEYS.find(candidate => nameIn(candidate.key, key) !== undefined)
  if (!known) {
    if (!isIgnored(key)) throw new ConfigError(`${place}: unknown key "${key}"; ${suggestion(key)}`)
    settings.warnings.push(`${place}: ${key} has no effect here`)
    return
  }
  try {
    known.apply(settings, value, nameIn(known.key, key) ?? '')
    settings.places[key] = `${place}: ${key}`
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new ConfigError(`${place}: ${key} = ${value}: ${cause.message}`)
  }
}

/** What stands for `<name>` where `key` is of the form `pattern`: empty without a placeholder, undefined if it is not. */
function nameIn(pattern: string, key: string): string | undefined {
  const [prefix, suffix] = pattern.split('<name>') as [string, string?]
  if (suffix === undefined) return key === pattern ? '' : undefined
  const isLike = key.startsWith(prefix) && key.endsWith(suffix) && key.length > prefix.length + suffix.length
  return isLike ? key.slice(prefix.length, key.length - suffix.length) : undefined
}

/** A placeholder is filled with the user's own last word where what stands before it is nearly right. */
function suggestion(key: string): string {
  const prefix = key.slice(0, key.lastIndexOf('.') + 1)
  const lastWord = key.slice(prefix.length)
  const filled = (pattern: string): string => {
    const isMeant = editDistance(prefix, pattern.replace('<name>', '')) <= MISSPELT_MAX
    return isMeant ? pattern.replace('<name>', lastWord) : pattern
  }
  const known = nearest(
    key,
    CONFIG_KEYS.map(candidate => filled(candidate.key)),
  )
  const isNear = known !== undefined && editDistance(key, known) <= MISSPELT_MAX
  return isNear ? `the nearest known key is "${known}"` : '--help lists all'
}

/** Edits that a misspelt word may be away. */
const MISSPELT_MAX = 3
