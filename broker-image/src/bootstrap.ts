/** What an empty node begins with: a virtual host, and a user who may do everything in it. */

import type { Config } from './config/config.ts'
import type { Definitions } from './definitions/definitions.ts'
import { hashPassword } from './definitions/passwords.ts'

/** Whether there is somebody, or somewhere to be: then nothing is added, whatever was deleted [RabbitMQ]. */
function isEmpty(definitions: Definitions): boolean {
  return (['vhost', 'user', 'permission'] as const).every(kind => definitions.count(kind) === 0)
}

/** Does nothing on a node that has something, or that is to load its definitions from a file: they say it all [RabbitMQ]. */
export function bootstrap(definitions: Definitions, config: Config): void {
  if (config.definitionsFile !== '' || !isEmpty(definitions)) return
  const { defaultVhost, defaultUser, defaultPass, defaultPermissions, defaultUserTags } = config
  const durable = { durable: true }
  const vhost = {
    name: defaultVhost,
    description: 'Default virtual host',
    tags: [],
    defaultQueueType: 'classic',
    tracing: false,
  }
  const tags = Object.keys(defaultUserTags).filter(tag => defaultUserTags[tag])
  const password = {
    passwordHash: hashPassword(defaultPass),
    hashingAlgorithm: 'rabbit_password_hashing_sha256',
  } as const
  definitions.put('vhost', vhost, durable)
  definitions.put('user', { name: defaultUser, ...password, tags, limits: {} }, durable)
  definitions.put('permission', { user: defaultUser, vhost: defaultVhost, ...defaultPermissions }, durable)
}
