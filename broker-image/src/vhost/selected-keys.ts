/** Sender-selected distribution: the headers `CC` and `BCC` add routing keys, and `BCC` is told to nobody [RabbitMQ]. */
import { ChannelError } from '../wire/errors.ts'
import type { FieldTable, FieldValue } from '../wire/field-table.ts'

export interface SelectedKeys {
  /** The message's own routing key first. */
  readonly keys: string[]
  /** The headers as receivers may see them. */
  readonly headers: FieldTable
  /** There was a `BCC`. */
  readonly hasHidden: boolean
}

/** All routing keys of a message. @throws ChannelError 406 when either header is no array of strings. */
export function selectedKeys(routingKey: string, headers: FieldTable | undefined): SelectedKeys {
  const { BCC: hidden, ...shown } = headers ?? {}
  const keys = [routingKey, ...keysIn('CC', shown['CC']), ...keysIn('BCC', hidden)]
  return { keys, headers: shown, hasHidden: hidden !== undefined }
}

function keysIn(name: string, value: FieldValue | undefined): string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every(key => typeof key === 'string')) return value as string[]
  throw new ChannelError('PRECONDITION_FAILED', `'${name}' header must be an array of strings`)
}
