/** Class `exchange` [AMQP 1.6] with RabbitMQ's bindings from exchange to exchange. */
import type { Arguments } from '../../definitions/model.ts'
import { ChannelError } from '../../wire/errors.ts'
import type { MethodArgs } from '../../wire/methods.ts'
import type { Channel } from '../channel.ts'
import type { Handlers } from './handler.ts'

type ExchangeMethod = 'exchange.declare' | 'exchange.delete' | 'exchange.bind' | 'exchange.unbind'

export const exchangeHandlers: Handlers<ExchangeMethod> = {
  'exchange.declare': (channel, args) => {
    if (args.exchange === '') {
      throw new ChannelError('ACCESS_REFUSED', 'operation not permitted on the default exchange')
    }
    if (args.passive) {
      channel.vhost.exchange(args.exchange)
      if (!args.noWait) channel.reply('exchange.declare-ok', {})
      return
    }
    channel.assertMay('configure', 'exchange', args.exchange)
    const { exchange: name, type, durable, autoDelete, internal } = args
    const spec = { name, type, durable, autoDelete, internal, arguments: args.arguments as Arguments }
    const alternate = spec.arguments['alternate-exchange']
    if (typeof alternate === 'string') {
      channel.assertMay('read', 'exchange', name)
      channel.assertMay('write', 'exchange', alternate)
    }
    channel.vhost.declareExchange(spec)
    if (args.noWait) return
    if (durable) channel.replyDurable('exchange.declare-ok', {})
    else channel.reply('exchange.declare-ok', {})
  },

  'exchange.delete': (channel, { exchange, ifUnused, noWait }) => {
    channel.assertMay('configure', 'exchange', exchange)
    channel.vhost.deleteExchange(exchange, { ifUnused })
    if (!noWait) channel.replyDurable('exchange.delete-ok', {})
  },

  'exchange.bind': (channel, args) => {
    assertMayBind(channel, args)
    channel.vhost.bind(bindingOf(args), channel.connection)
    if (!args.noWait) channel.replyDurable('exchange.bind-ok', {})
  },

  'exchange.unbind': (channel, args) => {
    assertMayBind(channel, args)
    channel.vhost.unbind(bindingOf(args), channel.connection)
    if (!args.noWait) channel.replyDurable('exchange.unbind-ok', {})
  },
}

function assertMayBind(channel: Channel, args: MethodArgs<'exchange.bind'>): void {
  const { source, destination, routingKey } = args
  channel.assertMay('write', 'exchange', destination)
  channel.assertMay('read', 'exchange', source)
  channel.assertMayBindTopic(source, routingKey)
}

function bindingOf(args: MethodArgs<'exchange.bind'>) {
  const { source, destination, routingKey } = args
  return { source, destination, destinationType: 'exchange', routingKey, arguments: args.arguments } as const
}
