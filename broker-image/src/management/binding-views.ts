/** Bindings as RabbitMQ's API shows them, with the key that names one in a path. */

import { createHash } from 'node:crypto'
import { argumentsText } from '../definitions/keys.ts'
import type { BindingDefinition } from '../definitions/model.ts'
import { bindingJson } from '../definitions/to-json.ts'

export function bindingView(binding: Readonly<BindingDefinition>) {
  return { ...bindingJson(binding), properties_key: propertiesKey(binding) }
}

/** `~` for nothing, the routing key, or routing key and a hash of the arguments with `~` between them. */
export function propertiesKey({ routingKey, arguments: args }: Readonly<BindingDefinition>): string {
  const text = argumentsText(args)
  const key = encodeURIComponent(routingKey).replaceAll('~', '%7E')
  if (text === '') return key === '' ? '~' : key
  return `${key}~${createHash('md5').update(text).digest('base64url')}`
}
