/** Exchanges that only the broker publishes to, and where they are. */
import type { Config } from '../config/config.ts'

export const EVENT_EXCHANGE = 'amq.rabbitmq.event'
export const LOG_EXCHANGE = 'amq.rabbitmq.log'

/** The virtual host of the event exchange. */
export const vhostOfEvents = (config: Config): string => config.eventVhost || config.defaultVhost

/** Those of a virtual host, besides what each of them has. */
export function reportExchanges(config: Config, vhost: string): string[] {
  return [
    ...(vhost === vhostOfEvents(config) ? [EVENT_EXCHANGE] : []),
    ...(vhost === config.defaultVhost && config.isLogExchangeOn ? [LOG_EXCHANGE] : []),
  ]
}
