/** Which function handles which method of a channel: one table for all that a client may send. */
import { ConnectionError } from '../wire/errors.ts'
import type { Method, MethodName } from '../wire/methods.ts'
import type { Channel } from './channel.ts'
import { basicHandlers } from './handlers/basic.ts'
import { exchangeHandlers } from './handlers/exchange.ts'
import type { Handler, Handlers } from './handlers/handler.ts'
import { queueHandlers } from './handlers/queue.ts'
import { txHandlers } from './handlers/tx.ts'

const otherHandlers: Handlers<'channel.flow' | 'access.request'> = {
  'channel.flow': (channel, { active }) => {
    if (!active) throw new ConnectionError('NOT_IMPLEMENTED', 'active=false')
    channel.reply('channel.flow-ok', { active })
  },
  // AMQP 0-8 had tickets; every client gets the same one, as from RabbitMQ.
  'access.request': channel => channel.reply('access.request-ok', { ticket: 1 }),
}

const HANDLERS: ReadonlyMap<MethodName, Handler<never>> = new Map<MethodName, Handler<never>>([
  ...(Object.entries({
    ...exchangeHandlers,
    ...queueHandlers,
    ...basicHandlers,
    ...txHandlers,
    ...otherHandlers,
  }) as [MethodName, Handler<never>][]),
])

/**
 * Handles a method on an open channel.
 * @throws ConnectionError 503 for a method that only a server sends.
 */
export function dispatch(channel: Channel, method: Method): void {
  const handler = HANDLERS.get(method.name)
  if (handler === undefined) throw new ConnectionError('COMMAND_INVALID', `unexpected method ${method.name}`)
  handler(channel, method.args as never)
}
