/** What every type of exchange does: hold bindings and find the destinations of a message. */

import type { FieldTable } from '../wire/field-table.ts'
import type { Properties } from '../wire/properties.ts'

/** An exchange that keeps messages which pass, or a note of each. How it does that is its maker's affair. */
export interface Keeper {
  /** The message goes on later: nothing takes it here and now, not even an alternate exchange. */
  readonly postpones: boolean
}

/** What an exchange may look at to find where a message goes. */
export interface RoutedMessage {
  /** The message's own routing key first, then those of `CC` and `BCC`. */
  readonly routingKeys: readonly string[]
  /** As receivers may see them: without `BCC`. Empty where no exchange on the way has `needsMessage`. */
  readonly properties: Properties
  /** Filled by `route`: the exchanges on the way that keep the message. */
  keepers?: Keeper[]
  /** The exchange that kept the message until now. */
  readonly releasedFrom?: Keeper
}

/** What an exchange is made of. */
export interface ExchangeTraits<D> {
  /** The exchange's own arguments, checked already. */
  readonly arguments: FieldTable
  /** A text that is the same for a destination on every node and after every restart. */
  identify(destination: D): string
  /** A whole number from 0 to below `count`, each as likely as the others. */
  randomBelow(count: number): number
}

/**
 * A destination is whatever the caller binds: a queue or another exchange. A binding is its destination, routing key
 * and arguments, compared by value: bound twice it counts once, and one unbind ends it.
 */
export interface Exchange<D> {
  /** RabbitMQ's name of the type. */
  readonly type: string
  /** Whether `route` looks at more than routing keys, or answers differently each time: its routes are not remembered. */
  readonly needsMessage: boolean
  /** Whether nothing is bound: what `if-unused` and auto-delete ask. */
  readonly isEmpty: boolean
  /** Raises PRECONDITION_FAILED for a routing key or arguments that this type can't bind with. */
  validateBinding(args: FieldTable, routingKey: string): void
  bind(destination: D, routingKey: string, args: FieldTable): void
  /** Without effect when there is no such binding, as in RabbitMQ. */
  unbind(destination: D, routingKey: string, args: FieldTable): void
  /** Adds every destination of the message to `found`. */
  route(message: RoutedMessage, found: Set<D>): void
}
