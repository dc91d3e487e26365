/** Names of hosts that listeners are given: each must have an address before anything else starts. */
import type { Config } from './config.ts'
import { ConfigError } from './config-error.ts'

/** `lookup` rejects for a name without an address. Throws `ConfigError` naming file, line and key of such a name. */
export async function assertHostsKnown(config: Config, lookup: (host: string) => Promise<unknown>): Promise<void> {
  for (const [key, host] of hostsByKey(config)) {
    try {
      await lookup(host)
    } catch (cause) {
      const place = config.places['--host'] ?? config.places[key] ?? key
      throw new ConfigError(`${place}: no address is known for the host "${host}" (${(cause as Error).message})`)
    }
  }
}

function hostsByKey({ amqpListeners, amqpsListeners, management, managementTls }: Config): [string, string][] {
  const endpoints = [
    ...Object.entries(amqpListeners).map(([name, endpoint]) => [`listeners.tcp.${name}`, endpoint] as const),
    ...Object.entries(amqpsListeners).map(([name, endpoint]) => [`listeners.ssl.${name}`, endpoint] as const),
    ['management.tcp.ip', management] as const,
    ['management.ssl.ip', managementTls] as const,
  ]
  return endpoints.flatMap(([key, { host }]) => (host === undefined ? [] : [[key, host]]))
}
