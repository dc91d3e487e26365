/** The settings that `rabbitmq.conf` can change, and how they stand when it says nothing. */

import {
  CHANNELS_MAX,
  CONSUMER_TIMEOUT_MS,
  FRAME_BYTES_MAX,
  HANDSHAKE_MS_MAX,
  HEARTBEAT_SECONDS,
  MESSAGE_BYTES_MAX,
} from '../limits.ts'
import { type AlternativeNameType, type CertificateNameSource, defaultTls, type TlsSettings } from './tls-settings.ts'

/** Where a server listens. Without a host: every address, IPv6 and IPv4. Port 0: one that is free. */
export interface Endpoint {
  host: string | undefined
  port: number
}

/** A share of the whole (0 to 1), or a number of bytes. */
export type Watermark = { relative: number } | { absoluteBytes: number }

/** Levels by pino's names. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export interface Settings {
  /** What the user should know of the settings, though they work. */
  warnings: string[]
  /** Where the user said what, by key: `file:line: key`, or a flag by its name; for what turns out to be wrong later. */
  places: { [key: string]: string }
  /** Path of a file of definitions, or of a folder of such, taken in at every start; empty where there is none. */
  definitionsFile: string
  /** Listeners by the name in `listeners.tcp.<name>`. */
  amqpListeners: { [name: string]: Endpoint }
  /** Listeners with TLS by the name in `listeners.ssl.<name>`. */
  amqpsListeners: { [name: string]: Endpoint }
  /** Of the listeners of AMQP with TLS. */
  tls: TlsSettings
  /** AMQP clients come through a proxy that speaks the PROXY protocol first. */
  isProxied: boolean
  management: Endpoint
  /** Somebody asked for the management API without TLS. */
  isManagementTcpWanted: boolean
  /** Of the management API with TLS, which listens only where it has a port. */
  managementTls: TlsSettings & { host: string | undefined; port: number | undefined }
  /** Users who may connect from the loopback interface only. */
  loopbackUsers: { [user: string]: boolean }
  defaultUser: string
  defaultPass: string
  defaultVhost: string
  defaultUserTags: { [tag: string]: boolean }
  defaultPermissions: { configure: string; write: string; read: string }
  logLevel: LogLevel
  isConsoleLogOn: boolean
  /** There is `amq.rabbitmq.log`, and the log goes there from this level on. */
  isLogExchangeOn: boolean
  logExchangeLevel: LogLevel
  /** Virtual host of `amq.rabbitmq.event`; empty means the default one. */
  eventVhost: string
  memoryHighWatermark: Watermark
  diskFreeLimit: Watermark
  /** Mechanisms by the name in `auth_mechanisms.<name>`; empty means those that everybody has. */
  authMechanisms: { [name: string]: string }
  /** Who logs in by ANONYMOUS; empty where nobody may. */
  anonymousUser: string
  anonymousPass: string
  /** Where EXTERNAL finds the user's name in a certificate. */
  certLogin: { from: CertificateNameSource; sanType: AlternativeNameType; sanIndex: number }
  heartbeatSeconds: number
  /** Open connections on this node. */
  connectionMax: number
  handshakeTimeoutMs: number
  tlsHandshakeTimeoutMs: number
  /** Time in which a delivery must be settled. */
  consumerTimeoutMs: number
  channelMax: number
  frameBytesMax: number
  messageBytesMax: number
  /** The node's name when the file says nothing. */
  clusterName: string
  /** What clients see as `product` and `version`: some choose their behaviour by it. */
  productName: string
  productVersion: string
}

/** RabbitMQ's defaults [RabbitMQ 3.13, configuration guide]. */
export function defaultSettings(): Settings {
  return {
    warnings: [],
    places: {},
    definitionsFile: '',
    amqpListeners: { default: { host: undefined, port: 5672 } },
    amqpsListeners: {},
    tls: defaultTls(),
    isProxied: false,
    management: { host: undefined, port: 15672 },
    isManagementTcpWanted: false,
    managementTls: { ...defaultTls(), host: undefined, port: undefined },
    loopbackUsers: { guest: true },
    defaultUser: 'guest',
    defaultPass: 'guest',
    defaultVhost: '/',
    defaultUserTags: { administrator: true },
    defaultPermissions: { configure: '.*', write: '.*', read: '.*' },
    logLevel: 'info',
    isConsoleLogOn: true,
    isLogExchangeOn: false,
    logExchangeLevel: 'info',
    eventVhost: '',
    memoryHighWatermark: { relative: 0.4 },
    diskFreeLimit: { absoluteBytes: 50_000_000 },
    authMechanisms: {},
    anonymousUser: '',
    anonymousPass: '',
    certLogin: { from: 'distinguished_name', sanType: 'dns', sanIndex: 0 },
    heartbeatSeconds: HEARTBEAT_SECONDS,
    connectionMax: Number.POSITIVE_INFINITY,
    handshakeTimeoutMs: HANDSHAKE_MS_MAX,
    tlsHandshakeTimeoutMs: 5_000,
    consumerTimeoutMs: CONSUMER_TIMEOUT_MS,
    channelMax: CHANNELS_MAX,
    frameBytesMax: FRAME_BYTES_MAX,
    messageBytesMax: MESSAGE_BYTES_MAX,
    clusterName: '',
    productName: 'RabbitMQ',
    productVersion: '3.13.7',
  }
}

/** Bytes that a watermark means where `totalBytes` is the whole. */
export function watermarkBytes(watermark: Watermark, totalBytes: number): number {
  return 'absoluteBytes' in watermark ? watermark.absoluteBytes : Math.floor(watermark.relative * totalBytes)
}
