/** What every type of exchange does: hold bindings and find the destinations of a message. */

import type { FieldTable } from '../wire/field-table.ts'

/**
 * A destination is whatever the caller binds: a queue or another exchange. A binding is its destination, routing key
 * and arguments, compared by value: bound twice it counts once, and one unbind ends it.
 */
export interface Exchange<D> {
  /** RabbitMQ's name of the type. */
  readonly type: string
  /** Whether `route` looks at headers; otherwise they need not be decoded. */
  readonly usesHeaders: boolean
  /** Whether nothing is bound: what `if-unused` and auto-delete ask. */
  readonly isEmpty: boolean
  /** Raises PRECONDITION_FAILED for arguments that this type can't bind with. */
  validateBinding(args: FieldTable): void
  bind(destination: D, routingKey: string, args: FieldTable): void
  /** Without effect when there is no such binding, as in RabbitMQ. */
  unbind(destination: D, routingKey: string, args: FieldTable): void
  /** Adds every destination of the message to `found`. */
  route(routingKey: string, headers: FieldTable | undefined, found: Set<D>): void
}
