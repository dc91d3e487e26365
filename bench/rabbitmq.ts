/** RabbitMQ of the Debian package as a child process with ports and a data folder of its own, for comparisons. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { freePort, type Program, start } from './processes.ts'

const RABBITMQ_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'
const RABBITMQ_PACKAGE = 'rabbitmq-server'

export type RabbitOptions = {
  readonly port: number
  /** An empty folder. */
  readonly data: string
  /** With the management plugin on this port; without plugins when left out. */
  readonly managementPort?: number
  /** Plugins besides that one. */
  readonly plugins?: readonly string[]
  /** Further lines of `rabbitmq.conf`. */
  readonly settings?: readonly string[]
}

/** Takes Debian's package where it is missing, and leaves its service off: whoever compares runs nodes of its own. */
export function installRabbit(): void {
  if (existsSync(RABBITMQ_SERVER)) return
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`RabbitMQ is missing. On Debian: apt-get install ${RABBITMQ_PACKAGE}`)
  }
  const apt = (...args: string[]) => execFileSync('apt-get', args, { stdio: ['ignore', 2, 2] })
  apt('update')
  apt('install', '-y', '--no-install-recommends', RABBITMQ_PACKAGE)
  if (existsSync('/run/systemd/system')) execFileSync('systemctl', ['disable', '--now', RABBITMQ_PACKAGE])
}

/** With its defaults, and its own port mapper so that both can be ended by pid: in order of start, the broker last. */
export async function startRabbit(options: RabbitOptions): Promise<Program[]> {
  const { port, data, managementPort, plugins = [], settings = [] } = options
  if (!existsSync(RABBITMQ_SERVER)) throw new Error(`RabbitMQ is not installed: apt-get install ${RABBITMQ_PACKAGE}`)
  const mapperPort = await freePort()
  const enabledPlugins = path.join(data, 'enabled_plugins')
  const config = path.join(data, 'rabbitmq.conf')
  mkdirSync(path.join(data, 'log'))
  const lines = [...settings]
  if (managementPort !== undefined) {
    writeFileSync(enabledPlugins, `[${['rabbitmq_management', ...plugins].join()}].\n`)
    lines.push(`management.tcp.port = ${managementPort}`, 'management.tcp.ip = 127.0.0.1')
  }
  if (lines.length > 0) writeFileSync(config, `${lines.join('\n')}\n`)
  const env = {
    ...process.env,
    HOME: data,
    ERL_EPMD_PORT: `${mapperPort}`,
    RABBITMQ_NODENAME: `warren-peer-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${await freePort()}`,
    RABBITMQ_MNESIA_BASE: path.join(data, 'mnesia'),
    RABBITMQ_LOG_BASE: path.join(data, 'log'),
    RABBITMQ_PID_FILE: path.join(data, 'pid'),
    RABBITMQ_CONFIG_FILE: lines.length === 0 ? path.join(data, 'none') : config,
    RABBITMQ_CONF_ENV_FILE: path.join(data, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: enabledPlugins,
  }
  const mapper = start('epmd', ['-port', `${mapperPort}`, '-address', '127.0.0.1'], { env })
  return [mapper, start(RABBITMQ_SERVER, [], { env })]
}
