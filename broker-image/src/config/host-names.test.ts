/** Listeners on hosts that nobody knows. */
import { expect, test } from 'vitest'
import { loadConfig } from './config.ts'
import { ConfigError } from './config-error.ts'
import { assertHostsKnown } from './host-names.ts'

async function lookup(host: string): Promise<void> {
  if (host.startsWith('no')) throw new Error(`getaddrinfo ENOTFOUND ${host}`)
}

function checked(file: string, argv = ['--config', 'rabbitmq.conf']): Promise<void> {
  return assertHostsKnown(loadConfig({ argv, env: {}, readFile: () => file }), lookup)
}

const unknown = (place: string, host: string): ConfigError =>
  new ConfigError(`${place}: no address is known for the host "${host}" (getaddrinfo ENOTFOUND ${host})`)

const TLS = 'ssl_options.certfile = c\nssl_options.keyfile = k\n'

test.each([
  ['\nlisteners.tcp.second = nowhere:5672', 'rabbitmq.conf:2: listeners.tcp.second', 'nowhere'],
  [`${TLS}listeners.ssl.default = nobody.example:5671`, 'rabbitmq.conf:3: listeners.ssl.default', 'nobody.example'],
  ['management.tcp.ip = none', 'rabbitmq.conf:1: management.tcp.ip', 'none'],
  ['management.ssl.ip = none', 'rabbitmq.conf:1: management.ssl.ip', 'none'],
])('%j is refused with file, line and key', async (file, place, host) => {
  await expect(checked(file)).rejects.toEqual(unknown(place, host))
})

test('the flag is named where it says the host of all', async () => {
  const argv = ['--config', 'rabbitmq.conf', '--host', 'nowhere']
  await expect(checked('listeners.tcp.second = known:1', argv)).rejects.toEqual(
    unknown('--host (WARREN_HOST)', 'nowhere'),
  )
})

test('addresses and known names are taken', async () => {
  await checked('listeners.tcp.default = known:5672\nlisteners.tcp.second = [::1]:5672\nmanagement.tcp.ip = 127.0.0.1')
})
