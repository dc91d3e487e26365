/** What a broker is started with: the frozen settings, and how flags, environment and file add up to them. */

import { hostname } from 'node:os'
import { ConfigError } from './config-error.ts'
import { parseConfigFile } from './config-file.ts'
import { applySetting } from './config-keys.ts'
import { assertConsistent } from './consistency.ts'
import { applyFlag, FLAGS, type FlagName, parseFlags } from './flags.ts'
import { defaultSettings, type Settings } from './settings.ts'

/** Settings of `rabbitmq.conf` and of the process itself. Deeply frozen. */
export type Config = Readonly<Settings & { dataDirectory: string; nodeName: string }>

export interface ConfigSources {
  /** Arguments after the program's name. */
  argv: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  /** Text of the file at a path. Throws as `fs.readFileSync` does. */
  readFile: (path: string) => string
}

/**
 * Reads defaults, then the configuration file, then the environment, then flags: the later wins.
 * Throws `ConfigError` with a text for the user when anything is unknown or malformed.
 */
export function loadConfig(sources: ConfigSources): Config {
  const flags = parseFlags(sources.argv, sources.env)
  const settings = defaultSettings()
  if (flags.config !== undefined) {
    for (const entry of parseConfigFile(flags.config, read(sources, '--config', flags.config))) {
      applySetting(settings, entry)
    }
  }
  for (const flag of FLAGS) {
    const text = flags[flag.name]
    if (text !== undefined) applyFlag(flag, settings, flag.isSecretFile ? secret(sources, flag.name, text) : text)
  }
  assertConsistent(settings)
  const nodeName = flags['node-name'] ?? `warren@${hostname()}`
  if (settings.clusterName === '') settings.clusterName = nodeName
  return deepFreeze({ ...settings, dataDirectory: flags['data-dir'] ?? 'warren-data', nodeName })
}

/** Editors end a file with a newline that is no part of the secret. */
function secret(sources: ConfigSources, name: FlagName, path: string): string {
  return read(sources, `--${name}`, path).replace(/\r?\n$/, '')
}

function read(sources: ConfigSources, flag: string, path: string): string {
  try {
    return sources.readFile(path)
  } catch (cause) {
    throw new ConfigError(`${flag}: can't read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) deepFreeze(child)
  return Object.freeze(value)
}
