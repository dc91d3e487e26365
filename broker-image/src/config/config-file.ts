/** The syntax of `rabbitmq.conf`: lines of `key = value`, `#` comments, values in single quotes where they hold a `#`. */

import { ConfigError } from './config-error.ts'

export interface ConfigEntry {
  key: string
  value: string
  /** `file:line`, for errors. */
  place: string
}

// Each expression reads a line once, however long it is and whatever stands in it.
const LINE = /^([A-Za-z0-9_.*\-/@]+)\s*=(.*)$/s
/** A text in quotes, which may hold a `#`, and a comment. */
const QUOTED = /^'([^']*)'\s*(?:#.*)?$/
const UNQUOTED = /^([^#]*)(?:#.*)?$/

/** Entries in the order of the file. Throws `ConfigError` with file and line for what is no `key = value`. */
export function parseConfigFile(path: string, text: string): ConfigEntry[] {
  const entries: ConfigEntry[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const place = `${path}:${index + 1}`
    const match = LINE.exec(line)
    const value = match && valueIn(match[2]!.trim())
    if (!match || value == null) throw new ConfigError(`${place}: expected "key = value", found "${line}"`)
    entries.push({ key: match[1]!, value, place })
  }
  return entries
}

/** Undefined when a comment mark stands where it can't. */
function valueIn(text: string): string | undefined {
  return QUOTED.exec(text)?.[1] ?? UNQUOTED.exec(text)?.[1]?.trim()
}
