/** Properties by RabbitMQ's names: in JSON, and in the tables of the firehose. */
import type { Properties } from './properties.ts'

/** `headers` is apart: it is a table. */
export const PROPERTY_NAMES = {
  content_type: 'contentType',
  content_encoding: 'contentEncoding',
  delivery_mode: 'deliveryMode',
  priority: 'priority',
  correlation_id: 'correlationId',
  reply_to: 'replyTo',
  expiration: 'expiration',
  message_id: 'messageId',
  timestamp: 'timestamp',
  type: 'type',
  user_id: 'userId',
  app_id: 'appId',
  cluster_id: 'clusterId',
} as const satisfies { [name: string]: Exclude<keyof Properties, 'headers'> }
