/** From the protocol header to an open virtual host [AMQP 2.2.4]: what we offer, and what a client may choose. */
import type { Config } from '../config/config.ts'
import { FRAME_BYTES_MIN } from '../limits.ts'
import { ConnectionError } from '../wire/errors.ts'
import type { FieldTable } from '../wire/field-table.ts'
import type { MethodArgs } from '../wire/methods.ts'

export const MECHANISMS = Buffer.from('PLAIN')
export const LOCALES = Buffer.from('en_US')

/** What the server says of itself; some clients choose their behaviour by product and version. */
export function serverProperties(config: Config, version: string): FieldTable {
  return {
    capabilities: {
      publisher_confirms: true,
      exchange_exchange_bindings: true,
      'basic.nack': true,
      consumer_cancel_notify: true,
      'connection.blocked': true,
      consumer_priorities: true,
      authentication_failure_close: true,
      per_consumer_qos: true,
      direct_reply_to: false,
    },
    cluster_name: config.clusterName,
    copyright: 'Copyright the Warren authors',
    information: 'Warren: AMQP 0-9-1 brokers on Kubernetes, licensed under the Apache License 2.0',
    platform: `Warren ${version}`,
    product: config.productName,
    version: config.productVersion,
  }
}

/** Name and password of a PLAIN response: `authzid NUL name NUL password` [RFC 4616]. */
export function parsePlain(response: Buffer): { name: string; password: string } | undefined {
  const first = response.indexOf(0)
  const second = response.indexOf(0, first + 1)
  if (first < 0 || second < 0) return undefined
  return { name: response.toString('utf8', first + 1, second), password: response.toString('utf8', second + 1) }
}

/** The limits of a connection: in each case the lower of both wishes, where 0 is no wish. */
export interface Tuned {
  readonly channelMax: number
  readonly frameMax: number
  readonly heartbeatSeconds: number
}

/** @throws ConnectionError 530 when the client asks for more than was offered, or for frames too small. */
export function tuned(config: Config, ok: MethodArgs<'connection.tune-ok'>): Tuned {
  return {
    channelMax: agreed('channel_max', ok.channelMax, config.channelMax),
    frameMax: agreed('frame_max', ok.frameMax, config.frameBytesMax, FRAME_BYTES_MIN),
    heartbeatSeconds: ok.heartbeat,
  }
}

function agreed(name: string, wish: number, offer: number, least = 0): number {
  if (wish === 0) return offer
  if (offer !== 0 && wish > offer) {
    throw new ConnectionError(
      'NOT_ALLOWED',
      `negotiated ${name} = ${wish} is higher than the maximum allowed value (${offer})`,
    )
  }
  if (wish < least) {
    throw new ConnectionError(
      'NOT_ALLOWED',
      `negotiated ${name} = ${wish} is lower than the minimum allowed value (${least})`,
    )
  }
  return wish
}
