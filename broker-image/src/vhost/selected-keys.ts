/** Sender-selected distribution: the headers `CC` and `BCC` add routing keys, and `BCC` is told to nobody [RabbitMQ]. */
import type { ArgumentValue } from '../definitions/model.ts'
import { amqpType } from '../queue/arguments.ts'
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

/** All routing keys of a message. @throws ChannelError 406 when either header is no array; what is no string in it counts for nothing. */
export function selectedKeys(routingKey: string, headers: FieldTable | undefined): SelectedKeys {
  const { BCC: hidden, ...shown } = headers ?? {}
  const keys = [routingKey, ...keysIn('CC', shown['CC']), ...keysIn('BCC', hidden)]
  return { keys, headers: shown, hasHidden: hidden !== undefined }
}

function keysIn(name: string, value: FieldValue | undefined): string[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value.filter(key => typeof key === 'string')
  const type = amqpType(value as ArgumentValue)
  throw new ChannelError('PRECONDITION_FAILED', `invalid message: {unacceptable_type_in_header,"${name}",${type}}`)
}
