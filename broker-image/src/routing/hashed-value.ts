/** What a consistent hash exchange hashes: the routing key, a header or a property, as its arguments say [rabbitmq_consistent_hash_exchange]. */

import { ChannelError } from '../wire/errors.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'
import type { Properties } from '../wire/properties.ts'
import { fieldKey } from './arguments.ts'
import type { RoutedMessage } from './exchange.ts'

export interface HashedValue {
  /** Whether it is more than the routing key. */
  readonly needsMessage: boolean
  /** The value as a text; empty for a message that has none. */
  hashed(message: RoutedMessage): string
}

const PROPERTIES: { readonly [name: string]: (properties: Properties) => string | number | undefined } = {
  correlation_id: properties => properties.correlationId,
  message_id: properties => properties.messageId,
  timestamp: properties => properties.timestamp,
}

/** Raises PRECONDITION_FAILED for arguments that name no such value, or two. */
export function hashedValueOf(args: FieldTable): HashedValue {
  const header = textOf(args, 'hash-header')
  const property = textOf(args, 'hash-property')
  if (header !== undefined && property !== undefined) {
    throw new ChannelError('PRECONDITION_FAILED', 'hash-header and hash-property are mutually exclusive')
  }
  if (header !== undefined) return { needsMessage: true, hashed: message => headerOf(message, header) }
  if (property === undefined) return { needsMessage: false, hashed: ({ routingKeys }) => routingKeys[0]! }
  if (!Object.hasOwn(PROPERTIES, property)) {
    throw new ChannelError('PRECONDITION_FAILED', `Unsupported property: ${property}`)
  }
  return { needsMessage: true, hashed: ({ properties }) => String(PROPERTIES[property]!(properties) ?? '') }
}

function textOf(args: FieldTable, name: string): string | undefined {
  const value: FieldValue | undefined = Object.hasOwn(args, name) ? args[name] : undefined
  if (value === undefined || typeof value === 'string') return value
  throw new ChannelError('PRECONDITION_FAILED', `${name} must be a string`)
}

function headerOf({ properties: { headers } }: RoutedMessage, name: string): string {
  return headers !== undefined && Object.hasOwn(headers, name) ? fieldKey(headers[name]!) : ''
}
