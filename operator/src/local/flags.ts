/** Flags of local mode. */

import { parseArgs } from 'node:util'

export interface Flags {
  manifest: string
  amqpPort: number
  managementPort: number
  host: string
  folder: string
}

/** Flags that make no sense; the message is for the user. */
export class FlagError extends Error {}

export const HELP = `warren local mode: runs a manifest on this machine, without Kubernetes

  make run [MANIFEST=path]
  node operator/src/local/main.ts [MANIFEST] [flags]

  MANIFEST                 file with BrokerCluster, Queue, Policy, User [examples/orders.yaml]
  --amqp-port N            AMQP_PORT         port of the first broker [5672]
  --management-port N      MANAGEMENT_PORT   port of its management API [15672]
  --host ADDRESS                             address that brokers listen on [127.0.0.1]
  --folder PATH                              where data and Secrets are kept [.warren]
  --help
`

const OPTIONS = {
  'amqp-port': { type: 'string' },
  'management-port': { type: 'string' },
  host: { type: 'string' },
  folder: { type: 'string' },
  help: { type: 'boolean' },
} as const

/** The flags, or 'help'. Raises `FlagError`. */
export function parseFlags(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Flags | 'help' {
  const { values, positionals } = parse(argv)
  if (values.help === true) return 'help'
  if (positionals.length > 1) throw new FlagError(`one manifest at a time, not ${positionals.join(' ')}; see --help`)
  const amqpPort = port('--amqp-port', values['amqp-port'] ?? environment['AMQP_PORT'] ?? '5672')
  const managementPort = port(
    '--management-port',
    values['management-port'] ?? environment['MANAGEMENT_PORT'] ?? '15672',
  )
  if (amqpPort === managementPort) throw new FlagError(`--amqp-port and --management-port are both ${amqpPort}`)
  return {
    manifest: positionals[0] ?? 'examples/orders.yaml',
    amqpPort,
    managementPort,
    host: values.host ?? '127.0.0.1',
    folder: values.folder ?? '.warren',
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new FlagError(`${(error as Error).message}; see --help`)
  }
}

function port(flag: string, text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 65_535) return value
  throw new FlagError(`${flag} must be a port from 1 to 65535, not "${text}"`)
}
