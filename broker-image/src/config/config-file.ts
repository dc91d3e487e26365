/** The syntax of `rabbitmq.conf`: lines of `key = value`, `#` comments, values in single quotes where they hold a `#`. */

import { ConfigError } from './config-error.ts'

export interface ConfigEntry {
  key: string
  value: string
  /** `file:line`, for errors. */
  place: string
}

const LINE = /^([A-Za-z0-9_.\-/@]+)\s*=\s*(?:'([^']*)'|([^#]*?))\s*(?:#.*)?$/

/** Entries in the order of the file. Throws `ConfigError` with file and line for what is no `key = value`. */
export function parseConfigFile(path: string, text: string): ConfigEntry[] {
  const entries: ConfigEntry[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const place = `${path}:${index + 1}`
    const match = LINE.exec(line)
    if (!match) throw new ConfigError(`${place}: expected "key = value", found "${line}"`)
    entries.push({ key: match[1]!, value: match[2] ?? match[3] ?? '', place })
  }
  return entries
}
