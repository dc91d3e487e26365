/** Secrets that a client connects with, in the shape that service binding expects. */

import { Buffer } from 'node:buffer'
import type { Metadata } from '../objects.ts'
import type { Address, Credentials } from './inputs.ts'

/** servicebinding.io: a Secret's type ends in the value of its key `type`. */
export const BINDING_TYPE = 'servicebinding.io/rabbitmq'

/** Keys of a binding, as text. */
export function bindingData(address: Address, user: Credentials, vhost: string): { [key: string]: string } {
  const login = `${encodeURIComponent(user.username)}:${encodeURIComponent(user.password)}`
  return {
    type: 'rabbitmq',
    provider: 'warren',
    host: address.host,
    port: String(address.amqpPort),
    'management-port': String(address.managementPort),
    username: user.username,
    password: user.password,
    vhost,
    uri: `amqp://${login}@${address.host}:${address.amqpPort}/${encodeURIComponent(vhost)}`,
  }
}

/** A Secret from text values. */
export function secretObject(metadata: Metadata, type: string, texts: { [key: string]: string }) {
  const data: { [key: string]: string } = {}
  for (const [key, text] of Object.entries(texts)) data[key] = Buffer.from(text, 'utf8').toString('base64')
  return { apiVersion: 'v1', kind: 'Secret', metadata, type, data }
}

/** One value of a Secret as text; undefined when the Secret or the key is not there. */
export function secretText(secret: { [field: string]: unknown } | undefined, key: string): string | undefined {
  const data = secret?.['data'] as { [key: string]: string } | undefined
  const encoded = data?.[key]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8')
}
