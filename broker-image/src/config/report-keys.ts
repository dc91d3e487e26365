/** Keys of `rabbitmq.conf` for what the broker tells over AMQP: its events and its log. */
import { type ConfigKey, field } from './config-key.ts'
import { parseBoolean, parseLogLevel, parseName } from './value-parsers.ts'

export const REPORT_KEYS: readonly ConfigKey[] = [
  {
    key: 'log.exchange',
    doc: 'whether the log goes to the exchange amq.rabbitmq.log of the default virtual host',
    default: 'false',
    apply: field('isLogExchangeOn', parseBoolean),
  },
  {
    key: 'log.exchange.level',
    doc: 'debug, info, warning, error, critical or none',
    default: 'info',
    apply: field('logExchangeLevel', parseLogLevel),
  },
  {
    key: 'event_exchange.vhost',
    doc: 'virtual host of the exchange amq.rabbitmq.event; the default one when not set',
    default: '',
    apply: field('eventVhost', parseName),
  },
]
