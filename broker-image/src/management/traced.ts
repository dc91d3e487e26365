/** The firehose of what passes over HTTP: RabbitMQ opens a channel for each request, and tells of that. */
import type { UserDefinition } from '../definitions/model.ts'
import type { TracedChannel } from '../vhost/trace.ts'

/** A channel that is none: its user is known, and no connection. */
export function channelOverHttp({ name }: Readonly<UserDefinition>): TracedChannel {
  return { number: 0, userName: name, connection: { name: '' } }
}
