/** Messages as exchanges see them. */
import type { RoutedMessage } from '../src/routing/exchange.ts'
import type { FieldTable } from '../src/wire/field-table.ts'

/** A message with one routing key and, when given, headers. */
export function messageOf(routingKey: string, headers?: FieldTable): RoutedMessage {
  return { routingKeys: [routingKey], properties: headers === undefined ? {} : { headers } }
}
