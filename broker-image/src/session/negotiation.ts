/** What we offer a client that comes [AMQP 2.2.4], and what it may choose of it. */
import type { Config } from '../config/config.ts'
import { FRAME_BYTES_MIN } from '../limits.ts'
import { ConnectionError } from '../wire/errors.ts'
import type { FieldTable } from '../wire/field-table.ts'
import type { MethodArgs } from '../wire/methods.ts'

const LOCALES = Buffer.from('en_US')

/** The first thing that we say. */
export function startArgs(
  config: Config,
  version: string,
  mechanisms: readonly string[],
): MethodArgs<'connection.start'> {
  return {
    versionMajor: 0,
    versionMinor: 9,
    serverProperties: serverProperties(config, version),
    mechanisms: Buffer.from(mechanisms.join(' ')),
    locales: LOCALES,
  }
}

/** What the server says of itself; some clients choose their behaviour by product and version. */
function serverProperties(config: Config, version: string): FieldTable {
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
      direct_reply_to: true,
    },
    cluster_name: config.clusterName,
    copyright: 'Copyright the Warren authors',
    information: 'Warren: AMQP 0-9-1 brokers on Kubernetes, licensed under the Apache License 2.0',
    platform: `Warren ${version}`,
    product: config.productName,
    version: config.productVersion,
  }
}

/** What a client says that it can do. */
export function capabilitiesIn(clientProperties: FieldTable): ReadonlySet<string> {
  const capabilities = clientProperties['capabilities']
  if (typeof capabilities !== 'object' || capabilities === null) return new Set()
  return new Set(Object.entries(capabilities).flatMap(([name, isOn]) => (isOn === true ? [name] : [])))
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
