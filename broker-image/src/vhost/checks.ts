/** What a virtual host refuses, and in which words [RabbitMQ `rabbit_exchange`, `rabbit_amqqueue`]. */
import type { ExchangeDefinition, QueueDefinition } from '../definitions/model.ts'
import { amqpType, assertEquivalent, assertEquivalentArguments, queueType } from '../queue/arguments.ts'
import type { Queue } from '../queue/queue.ts'
import { ChannelError } from '../wire/errors.ts'

/** Names that begin so are given out by the server. */
export const RESERVED_PREFIX = 'amq.'

const WORDS = { type: 'type', durable: 'durable', autoDelete: 'auto_delete', internal: 'internal' } as const

/** Compares a second declaration with the exchange that exists. @throws ChannelError 406. */
export function assertSameExchange(current: ExchangeDefinition, wish: Omit<ExchangeDefinition, 'vhost'>): void {
  const resource = `exchange '${current.name}' in vhost '${current.vhost}'`
  for (const key of ['type', 'durable', 'autoDelete', 'internal'] as const) {
    assertEquivalent(resource, WORDS[key], wish[key], current[key])
  }
  const key = 'alternate-exchange'
  assertEquivalent(resource, key, wish.arguments[key], current.arguments[key])
}

/** Compares a second declaration by `owner` with the queue that exists. @throws ChannelError 405, 406. */
export function assertSameQueue(queue: Queue, wish: Omit<QueueDefinition, 'id' | 'vhost'>, owner: object | null): void {
  if (queue.exclusive !== wish.exclusive || (queue.exclusive && queue.owner !== owner)) throw locked(queue)
  const resource = `queue '${queue.name}' in vhost '${queue.vhost}'`
  for (const key of ['durable', 'autoDelete'] as const) assertEquivalent(resource, WORDS[key], wish[key], queue[key])
  assertEquivalentArguments(resource, queue.arguments, wish.arguments)
}

type QueueWish = Omit<QueueDefinition, 'id' | 'vhost'>

/** A queue of no named type has that of its virtual host, if it can [RabbitMQ `default_queue_type`]. */
export function withDefaultType<T extends QueueWish>(wish: T, type: string | undefined): T {
  const isPlain = wish.durable && !wish.exclusive && !wish.autoDelete && wish.arguments['x-queue-type'] === undefined
  if (!isPlain || type === undefined || type === 'classic') return wish
  return { ...wish, arguments: { ...wish.arguments, 'x-queue-type': type } }
}

/** Refuses a queue that can't be of its type. @throws ChannelError 406. */
export function checkQueueType(wish: QueueWish, vhost: string): void {
  if (queueType(wish.arguments) !== 'quorum') return
  const refuse = (property: string): never => {
    const what = `invalid property '${property}' for queue '${wish.name}' in vhost '${vhost}'`
    throw new ChannelError('PRECONDITION_FAILED', what)
  }
  if (wish.autoDelete) refuse('auto-delete')
  if (wish.exclusive) refuse('exclusive-owner')
  if (!wish.durable) refuse('non-durable')
}

/** The server gives names to classic queues only. @throws ChannelError 406. */
export function refuseUnnamed(args: QueueDefinition['arguments']): void {
  const type = queueType(args)
  if (type === 'classic') return
  const problem = `Cannot declare a server-named queue for type rabbit_${type}_queue`
  throw new ChannelError('PRECONDITION_FAILED', problem)
}

/** @throws ChannelError 406 when the alternate exchange is no name. */
export function checkAlternate(vhost: string, wish: Omit<ExchangeDefinition, 'vhost'>): void {
  const alternate = wish.arguments['alternate-exchange']
  if (alternate === undefined || typeof alternate === 'string') return
  throw new ChannelError(
    'PRECONDITION_FAILED',
    `invalid type '${amqpType(alternate)}' for arg 'alternate-exchange' in exchange '${wish.name}' in vhost '${vhost}'`,
  )
}

/** @throws ChannelError 403 for names that only the server gives out. */
export function refuseReserved(kind: string, name: string): void {
  if (name === '' || name.startsWith(RESERVED_PREFIX)) throw reserved(kind, name)
}

/** Exchanges that every virtual host has stay. */
export function fixedExchange(exchange: string, vhost: string): ChannelError {
  return new ChannelError('ACCESS_REFUSED', `deletion of system exchange '${exchange}' in vhost '${vhost}' not allowed`)
}

function reserved(kind: string, name: string): ChannelError {
  return new ChannelError('ACCESS_REFUSED', `${kind} name '${name}' contains reserved prefix 'amq.*'`)
}

export function locked({ name, vhost }: Queue): ChannelError {
  return new ChannelError(
    'RESOURCE_LOCKED',
    `cannot obtain exclusive access to locked queue '${name}' in vhost '${vhost}'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.`,
  )
}

export function notFound(kind: string, name: string, vhost: string): ChannelError {
  return new ChannelError('NOT_FOUND', `no ${kind} '${name}' in vhost '${vhost}'`)
}

/** The virtual host has as many queues as its limit allows. */
export function full(queue: string, vhost: string, limit: number): ChannelError {
  return new ChannelError(
    'PRECONDITION_FAILED',
    `cannot declare queue '${queue}': queue limit in vhost '${vhost}' (${limit}) is reached`,
  )
}
