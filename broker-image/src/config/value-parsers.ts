/** Parsers of the values that settings take. Each throws `ConfigError` with what it expected. */

import { patternProblem } from '../pattern/pattern.ts'
import { ConfigError } from './config-error.ts'
import type { Endpoint, LogLevel } from './settings.ts'

const PORT_MAX = 65_535
const HOST_NAME = /^[A-Za-z\d](?:[A-Za-z\d_.-]{0,251}[A-Za-z\d])?$/

/** Powers behind the units of RabbitMQ's memory sizes: a bare `k`, `M`, `G` is binary, `kB`, `MB`, `GB` is decimal. */
const UNIT_BYTES: { readonly [unit: string]: number } = {
  '': 1,
  ...units(1024, ['k', 'm', 'g', 't']),
  ...units(1024, ['ki', 'mi', 'gi', 'ti']),
  ...units(1024, ['kib', 'mib', 'gib', 'tib']),
  ...units(1000, ['kb', 'mb', 'gb', 'tb']),
}

function units(base: number, names: string[]): { [unit: string]: number } {
  return Object.fromEntries(names.map((name, index) => [name, base ** (index + 1)]))
}

const LEVELS: { readonly [name: string]: LogLevel } = {
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
  alert: 'fatal',
  emergency: 'fatal',
  none: 'silent',
}

export function parseBoolean(text: string): boolean {
  if (text === 'true' || text === 'on') return true
  if (text === 'false' || text === 'off') return false
  throw new ConfigError('expected true or false')
}

/** A parser of whole numbers of a range, both ends included. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return text => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max)) throw new ConfigError(`expected a whole number from ${min} to ${max}`)
    return value
  }
}

export const parsePort = integerBetween(0, PORT_MAX)

/** `5672`, `127.0.0.1:5672` or `[::1]:5672`. */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]:|([^:[\]]+):|(::1?):)?(\d+)$/.exec(text)
  if (!match) throw new ConfigError('expected a port, or an address and a port such as 127.0.0.1:5672 or [::1]:5672')
  const host = match[1] ?? match[2] ?? match[3]
  return { host: host === undefined ? undefined : parseHost(host), port: parsePort(match[4]!) }
}

/** IPv6 may end in a zone, as `fe80::1%eth0`. */
function isAddress(text: string): boolean {
  if (text.includes(':')) return URL.canParse(`http://[${text.replace(/%\w+$/, '')}]`)
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => /^\d{1,3}$/.test(part) && Number(part) <= 255)
}

/** An address, or the name of a host that is looked up when the port is opened. */
export function parseHost(text: string): string {
  const isName = HOST_NAME.test(text) && !/^[\d.]+$/.test(text)
  if (!isName && !isAddress(text)) throw new ConfigError('expected an address such as 127.0.0.1 or ::1, or a host name')
  return text
}

/** Bytes with RabbitMQ's units: `512MiB`, `2GB`, `1073741824`. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text)
  const unit = UNIT_BYTES[match?.[2]?.toLowerCase() ?? 'unknown']
  if (!match || unit === undefined) throw new ConfigError('expected a size such as 512MiB, 2GB or 1073741824')
  return Math.floor(Number(match[1]) * unit)
}

/** A limit, or 0 for none of one's own: then what is the most there can be holds. */
export function parseLimit(min: number, max: number): (text: string) => number {
  const parse = integerBetween(min, max)
  return text => (text === '0' ? max : parse(text))
}

/** A share of the whole, above 0. RabbitMQ lets `disk_free_limit.relative` exceed 1. */
export function parseFraction(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value > 0)) throw new ConfigError('expected a number above 0, such as 0.4')
  return value
}

export function parseLogLevel(text: string): LogLevel {
  const level = LEVELS[text]
  if (level === undefined) throw new ConfigError('expected debug, info, warning, error, critical or none')
  return level
}

export function parseNone(text: string): void {
  if (text !== 'none') throw new ConfigError('expected none')
}

/** The backend of users and permissions: a file that names another one must not start a broker without it. */
export function parseAuthBackend(text: string): void {
  if (text !== 'internal' && text !== 'rabbit_auth_backend_internal') {
    throw new ConfigError("expected internal: users and permissions are the broker's own, there is no other backend")
  }
}

export function parseName(text: string): string {
  if (text === '') throw new ConfigError('expected a name, found nothing')
  return text
}

export function parsePattern(text: string): string {
  const problem = patternProblem(text)
  if (problem !== undefined) throw new ConfigError(`expected a regular expression such as .*: ${problem}`)
  return text
}
