/** THE table of AMQP 0-9-1 methods with RabbitMQ's extensions; the types of their arguments are derived from it. */

import type { FieldTable } from './field-table.ts'

/** Wire types of arguments and what each is in memory. A timestamp counts seconds. */
export interface ArgumentTypes {
  bit: boolean
  octet: number
  short: number
  long: number
  longlong: number
  shortstr: string
  longstr: Buffer
  table: FieldTable
}

export type ArgumentType = keyof ArgumentTypes

/** Identity and arguments of a method. `content`: a header frame and body frames follow. */
export interface MethodShape {
  readonly id: readonly [classId: number, methodId: number]
  readonly args: readonly (readonly [name: string, type: ArgumentType])[]
  readonly content?: true
}

const CLOSE_ARGS = [
  ['replyCode', 'short'],
  ['replyText', 'shortstr'],
  ['classId', 'short'],
  ['methodId', 'short'],
] as const

const TUNE_ARGS = [
  ['channelMax', 'short'],
  ['frameMax', 'long'],
  ['heartbeat', 'short'],
] as const

const EXCHANGE_BINDING_ARGS = [
  ['reserved1', 'short'],
  ['destination', 'shortstr'],
  ['source', 'shortstr'],
  ['routingKey', 'shortstr'],
  ['noWait', 'bit'],
  ['arguments', 'table'],
] as const

/** In the order of the specification. Reserved arguments are written as zero and skipped when read. */
export const METHODS = {
  'connection.start': {
    id: [10, 10],
    args: [
      ['versionMajor', 'octet'],
      ['versionMinor', 'octet'],
      ['serverProperties', 'table'],
      ['mechanisms', 'longstr'],
      ['locales', 'longstr'],
    ],
  },
  'connection.start-ok': {
    id: [10, 11],
    args: [
      ['clientProperties', 'table'],
      ['mechanism', 'shortstr'],
      ['response', 'longstr'],
      ['locale', 'shortstr'],
    ],
  },
  'connection.secure': { id: [10, 20], args: [['challenge', 'longstr']] },
  'connection.secure-ok': { id: [10, 21], args: [['response', 'longstr']] },
  'connection.tune': { id: [10, 30], args: TUNE_ARGS },
  'connection.tune-ok': { id: [10, 31], args: TUNE_ARGS },
  'connection.open': {
    id: [10, 40],
    args: [
      ['virtualHost', 'shortstr'],
      ['reserved1', 'shortstr'],
      ['reserved2', 'bit'],
    ],
  },
  'connection.open-ok': { id: [10, 41], args: [['reserved1', 'shortstr']] },
  'connection.close': { id: [10, 50], args: CLOSE_ARGS },
  'connection.close-ok': { id: [10, 51], args: [] },
  'connection.blocked': { id: [10, 60], args: [['reason', 'shortstr']] },
  'connection.unblocked': { id: [10, 61], args: [] },
  'connection.update-secret': {
    id: [10, 70],
    args: [
      ['newSecret', 'longstr'],
      ['reason', 'shortstr'],
    ],
  },
  'connection.update-secret-ok': { id: [10, 71], args: [] },

  'channel.open': { id: [20, 10], args: [['reserved1', 'shortstr']] },
  'channel.open-ok': { id: [20, 11], args: [['reserved1', 'longstr']] },
  'channel.flow': { id: [20, 20], args: [['active', 'bit']] },
  'channel.flow-ok': { id: [20, 21], args: [['active', 'bit']] },
  'channel.close': { id: [20, 40], args: CLOSE_ARGS },
  'channel.close-ok': { id: [20, 41], args: [] },

  'access.request': {
    id: [30, 10],
    args: [
      ['realm', 'shortstr'],
      ['exclusive', 'bit'],
      ['passive', 'bit'],
      ['active', 'bit'],
      ['write', 'bit'],
      ['read', 'bit'],
    ],
  },
  'access.request-ok': { id: [30, 11], args: [['ticket', 'short']] },

  'exchange.declare': {
    id: [40, 10],
    args: [
      ['reserved1', 'short'],
      ['exchange', 'shortstr'],
      ['type', 'shortstr'],
      ['passive', 'bit'],
      ['durable', 'bit'],
      ['autoDelete', 'bit'],
      ['internal', 'bit'],
      ['noWait', 'bit'],
      ['arguments', 'table'],
    ],
  },
  'exchange.declare-ok': { id: [40, 11], args: [] },
  'exchange.delete': {
    id: [40, 20],
    args: [
      ['reserved1', 'short'],
      ['exchange', 'shortstr'],
      ['ifUnused', 'bit'],
      ['noWait', 'bit'],
    ],
  },
  'exchange.delete-ok': { id: [40, 21], args: [] },
  'exchange.bind': { id: [40, 30], args: EXCHANGE_BINDING_ARGS },
  'exchange.bind-ok': { id: [40, 31], args: [] },
  'exchange.unbind': { id: [40, 40], args: EXCHANGE_BINDING_ARGS },
  'exchange.unbind-ok': { id: [40, 51], args: [] },

  'queue.declare': {
    id: [50, 10],
    args: [
      ['reserved1', 'short'],
      ['queue', 'shortstr'],
      ['passive', 'bit'],
      ['durable', 'bit'],
      ['exclusive', 'bit'],
      ['autoDelete', 'bit'],
      ['noWait', 'bit'],
      ['arguments', 'table'],
    ],
  },
  'queue.declare-ok': {
    id: [50, 11],
    args: [
      ['queue', 'shortstr'],
      ['messageCount', 'long'],
      ['consumerCount', 'long'],
    ],
  },
  'queue.bind': {
    id: [50, 20],
    args: [
      ['reserved1', 'short'],
      ['queue', 'shortstr'],
      ['exchange', 'shortstr'],
      ['routingKey', 'shortstr'],
      ['noWait', 'bit'],
      ['arguments', 'table'],
    ],
  },
  'queue.bind-ok': { id: [50, 21], args: [] },
  'queue.purge': {
    id: [50, 30],
    args: [
      ['reserved1', 'short'],
      ['queue', 'shortstr'],
      ['noWait', 'bit'],
    ],
  },
  'queue.purge-ok': { id: [50, 31], args: [['messageCount', 'long']] },
  'queue.delete': {
    id: [50, 40],
    args: [
      ['reserved1', 'short'],
      ['queue', 'shortstr'],
      ['ifUnused', 'bit'],
      ['ifEmpty', 'bit'],
      ['noWait', 'bit'],
    ],
  },
  'queue.delete-ok': { id: [50, 41], args: [['messageCount', 'long']] },
  'queue.unbind': {
    id: [50, 50],
    args: [
      ['reserved1', 'short'],
      ['queue', 'shortstr'],
      ['exchange', 'shortstr'],
      ['routingKey', 'shortstr'],
      ['arguments', 'table'],
    ],
  },
  'queue.unbind-ok': { id: [50, 51], args: [] },

  'basic.qos': {
    id: [60, 10],
    args: [
      ['prefetchSize', 'long'],
      ['prefetchCount', 'short'],
      ['global', 'bit'],
    ],
  },
  'basic.qos-ok': { id: [60, 11], args: [] },
  'basic.consume': {
    id: [60, 20],
    args: [
      ['reserved1', 'short'],
      ['queue', 'shortstr'],
      ['consumerTag', 'shortstr'],
      ['noLocal', 'bit'],
      ['noAck', 'bit'],
      ['exclusive', 'bit'],
      ['noWait', 'bit'],
      ['arguments', 'table'],
    ],
  },
  'basic.consume-ok': { id: [60, 21], args: [['consumerTag', 'shortstr']] },
  'basic.cancel': {
    id: [60, 30],
    args: [
      ['consumerTag', 'shortstr'],
      ['noWait', 'bit'],
    ],
  },
  'basic.cancel-ok': { id: [60, 31], args: [['consumerTag', 'shortstr']] },
  'basic.publish': {
    id: [60, 40],
    args: [
      ['reserved1', 'short'],
      ['exchange', 'shortstr'],
      ['routingKey', 'shortstr'],
      ['mandatory', 'bit'],
      ['immediate', 'bit'],
    ],
    content: true,
  },
  'basic.return': {
    id: [60, 50],
    args: [
      ['replyCode', 'short'],
      ['replyText', 'shortstr'],
      ['exchange', 'shortstr'],
      ['routingKey', 'shortstr'],
    ],
    content: true,
  },
  'basic.deliver': {
    id: [60, 60],
    args: [
      ['consumerTag', 'shortstr'],
      ['deliveryTag', 'longlong'],
      ['redelivered', 'bit'],
      ['exchange', 'shortstr'],
      ['routingKey', 'shortstr'],
    ],
    content: true,
  },
  'basic.get': {
    id: [60, 70],
    args: [
      ['reserved1', 'short'],
      ['queue', 'shortstr'],
      ['noAck', 'bit'],
    ],
  },
  'basic.get-ok': {
    id: [60, 71],
    args: [
      ['deliveryTag', 'longlong'],
      ['redelivered', 'bit'],
      ['exchange', 'shortstr'],
      ['routingKey', 'shortstr'],
      ['messageCount', 'long'],
    ],
    content: true,
  },
  'basic.get-empty': { id: [60, 72], args: [['reserved1', 'shortstr']] },
  'basic.ack': {
    id: [60, 80],
    args: [
      ['deliveryTag', 'longlong'],
      ['multiple', 'bit'],
    ],
  },
  'basic.reject': {
    id: [60, 90],
    args: [
      ['deliveryTag', 'longlong'],
      ['requeue', 'bit'],
    ],
  },
  'basic.recover-async': { id: [60, 100], args: [['requeue', 'bit']] },
  'basic.recover': { id: [60, 110], args: [['requeue', 'bit']] },
  'basic.recover-ok': { id: [60, 111], args: [] },
  'basic.nack': {
    id: [60, 120],
    args: [
      ['deliveryTag', 'longlong'],
      ['multiple', 'bit'],
      ['requeue', 'bit'],
    ],
  },

  'confirm.select': { id: [85, 10], args: [['noWait', 'bit']] },
  'confirm.select-ok': { id: [85, 11], args: [] },

  'tx.select': { id: [90, 10], args: [] },
  'tx.select-ok': { id: [90, 11], args: [] },
  'tx.commit': { id: [90, 20], args: [] },
  'tx.commit-ok': { id: [90, 21], args: [] },
  'tx.rollback': { id: [90, 30], args: [] },
  'tx.rollback-ok': { id: [90, 31], args: [] },
} as const satisfies { readonly [name: string]: MethodShape }

export type MethodName = keyof typeof METHODS

/** Arguments of a method by name, without the reserved ones. */
export type MethodArgs<N extends MethodName> = {
  readonly [A in (typeof METHODS)[N]['args'][number] as A[0] extends `reserved${string}`
    ? never
    : A[0]]: ArgumentTypes[A[1]]
}

/** A decoded method; `name` tells which arguments it has. */
export type Method = { [N in MethodName]: { readonly name: N; readonly args: MethodArgs<N> } }[MethodName]
