/**
 * Judges `spec.config` before it reaches a broker, which would refuse to start with a bad line: a running cluster must
 * not be stopped by a typo. The two programs share no code, so the keys stand here again; a test compares them.
 */

/** Says what a value should be; undefined when it is that. */
type ValueCheck = (value: string) => string | undefined

const KEYS: { readonly [key: string]: ValueCheck } = {
  default_vhost: name,
  'log.console': switched,
  'log.console.level': level,
  'log.exchange': switched,
  'log.exchange.level': level,
  'event_exchange.vhost': name,
  'vm_memory_high_watermark.relative': positive,
  'vm_memory_high_watermark.absolute': bytes,
  'disk_free_limit.relative': positive,
  'disk_free_limit.absolute': bytes,
  heartbeat: whole(0, 65_535),
  channel_max: unlimited(whole(1, 2_047)),
  frame_max: unlimited(whole(4_096, 131_072)),
  connection_max: connections,
  handshake_timeout: whole(1, 3_600_000),
  ssl_handshake_timeout: whole(1, 3_600_000),
  proxy_protocol: switched,
  max_message_size: whole(1, 134_217_728),
  consumer_timeout: whole(1, 315_360_000_000),
  'product.name': name,
  'product.version': name,
}

/** Keys, and what begins with them, that the operator sets: Services, probes and Secrets rely on them. */
export const OWNED_KEYS: readonly string[] = [
  'listeners',
  'management',
  'auth_backends',
  'loopback_users',
  'cluster_name',
  'default_user',
  'default_pass',
  'default_user_tags',
  'default_permissions',
  'ssl_options',
  'ssl_cert_login_from',
  'ssl_cert_login_san_type',
  'ssl_cert_login_san_index',
  'auth_mechanisms',
  'anonymous_login_user',
  'anonymous_login_pass',
  'load_definitions',
  'definitions',
]

export const KNOWN_KEYS: readonly string[] = Object.keys(KEYS)

const LINE = /^([A-Za-z0-9_.*\-/@]+)\s*=(.*)$/s
/** A text in quotes, which may hold a `#`, and a comment. */
const QUOTED = /^'([^']*)'\s*(?:#.*)?$/
const UNQUOTED = /^([^#]*)(?:#.*)?$/

/** What is wrong with the lines, in words that say how to put it right; undefined when nothing is. */
export function configProblem(config: string): string | undefined {
  for (const [index, raw] of config.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const problem = lineProblem(line)
    if (problem !== undefined) return `spec.config line ${index + 1}: ${problem}`
  }
  return undefined
}

function lineProblem(line: string): string | undefined {
  const match = LINE.exec(line)
  const [key, value] = [match?.[1], valueIn(match?.[2] ?? '')]
  if (key === undefined || value === undefined) {
    return `"${line.slice(0, 60)}" is not of the form key = value: correct or remove it`
  }
  if (OWNED_KEYS.some(owned => key === owned || key.startsWith(`${owned}.`))) {
    return `${key} is set by the operator itself: remove the line`
  }
  const check = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined
  if (check === undefined) return `unknown key ${key}: correct or remove it; known are ${KNOWN_KEYS.join(', ')}`
  const expected = check(value)
  return expected === undefined ? undefined : `${key}: expected ${expected}`
}

function valueIn(text: string): string | undefined {
  const rest = text.trim()
  return QUOTED.exec(rest)?.[1] ?? UNQUOTED.exec(rest)?.[1]?.trim()
}

function name(value: string): string | undefined {
  return value === '' ? 'a name' : undefined
}

function positive(value: string): string | undefined {
  return /^\d+(\.\d+)?$/.test(value) && Number(value) > 0 ? undefined : 'a number above 0, such as 0.4'
}

function bytes(value: string): string | undefined {
  return /^\d+(\.\d+)?\s*([kmgt](i?b?)?)?$/i.test(value) ? undefined : 'a size such as 512MiB, 2GB or 1073741824'
}

/** RabbitMQ's 0 for no limit of one's own. */
function unlimited(check: ValueCheck): ValueCheck {
  return value => (value === '0' ? undefined : check(value))
}

function whole(min: number, max: number): ValueCheck {
  return value =>
    /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `a whole number from ${min} to ${max}`
}

function switched(value: string): string | undefined {
  return oneOf(['true', 'false', 'on', 'off'], 'true or false')(value)
}

function level(value: string): string | undefined {
  const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency', 'none']
  return oneOf(levels, 'debug, info, warning, error, critical or none')(value)
}

function connections(value: string): string | undefined {
  return value === 'infinity' || /^\d{1,9}$/.test(value) ? undefined : 'a whole number, or infinity'
}

function oneOf(words: readonly string[], expected: string): ValueCheck {
  return value => (words.includes(value) ? undefined : expected)
}
