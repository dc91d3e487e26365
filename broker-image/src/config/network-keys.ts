/** Keys of listeners, and of what a client must show and keep to before it is in. */
import { CHANNELS_MAX, FRAME_BYTES_MAX, FRAME_BYTES_MIN, HANDSHAKE_MS_MAX, HEARTBEAT_SECONDS } from '../limits.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigKey, entry, field, managementTcp, none, part } from './config-key.ts'
import { MECHANISMS } from './mechanisms.ts'
import {
  integerBetween,
  parseBoolean,
  parseEndpoint,
  parseHost,
  parseLimit,
  parseName,
  parsePort,
} from './value-parsers.ts'

const HEARTBEAT_SECONDS_MAX = 65_535
const TIMEOUT_MS_MAX = 3_600_000
const SAN_INDEX_MAX = 1_000

const NAME_SOURCES = ['distinguished_name', 'common_name', 'subject_alternative_name'] as const
const SAN_TYPES = ['dns', 'ip', 'email', 'uri'] as const

/** `subject_alt_name` says the same as `subject_alternative_name`. */
const parseNameSource = (text: string): (typeof NAME_SOURCES)[number] =>
  text === 'subject_alt_name' ? 'subject_alternative_name' : oneOf(NAME_SOURCES)(text)

export const LISTENER_KEYS: readonly ConfigKey[] = [
  {
    key: 'listeners.tcp',
    doc: 'none: no AMQP listener but those named below it in the file',
    default: '',
    apply: none('amqpListeners'),
  },
  {
    key: 'listeners.tcp.<name>',
    doc: 'port, or address:port, of an AMQP listener; the name "default" is there from the start',
    default: '5672',
    apply: entry(settings => settings.amqpListeners, parseEndpoint),
  },
  {
    key: 'listeners.ssl',
    doc: 'none: no AMQP listener with TLS but those named below it in the file',
    default: '',
    apply: none('amqpsListeners'),
  },
  {
    key: 'listeners.ssl.<name>',
    doc: 'the same with TLS; needs ssl_options.certfile and keyfile',
    default: '',
    apply: entry(settings => settings.amqpsListeners, parseEndpoint),
  },
  {
    key: 'management.tcp.port',
    doc: 'port of the management HTTP API',
    default: '15672',
    apply: managementTcp('port', parsePort),
  },
  {
    key: 'management.tcp.ip',
    doc: 'address that the management HTTP API listens on',
    default: '',
    apply: managementTcp('host', parseHost),
  },
  {
    key: 'management.ssl.port',
    doc: 'port of the API with TLS; management.tcp then listens only where it is set too',
    default: '',
    apply: part('managementTls', 'port', parsePort),
  },
  {
    key: 'management.ssl.ip',
    doc: 'address that the API with TLS listens on',
    default: '',
    apply: part('managementTls', 'host', parseHost),
  },
  {
    key: 'proxy_protocol',
    doc: 'whether AMQP clients come through a proxy that says whose they are: PROXY protocol, version 1 or 2',
    default: 'false',
    apply: field('isProxied', parseBoolean),
  },
]

export const CONNECTION_KEYS: readonly ConfigKey[] = [
  {
    key: 'heartbeat',
    doc: 'seconds between heartbeats that the broker proposes; 0 turns them off',
    default: String(HEARTBEAT_SECONDS),
    apply: field('heartbeatSeconds', integerBetween(0, HEARTBEAT_SECONDS_MAX)),
  },
  {
    key: 'channel_max',
    doc: 'channels on one connection; 0: the most there can be',
    default: String(CHANNELS_MAX),
    apply: field('channelMax', parseLimit(1, CHANNELS_MAX)),
  },
  {
    key: 'frame_max',
    doc: 'bytes of one frame; 0: the most there can be',
    default: String(FRAME_BYTES_MAX),
    apply: field('frameBytesMax', parseLimit(FRAME_BYTES_MIN, FRAME_BYTES_MAX)),
  },
  {
    key: 'connection_max',
    doc: 'open connections on this node; infinity: as many as there is room for',
    default: 'infinity',
    apply: field('connectionMax', parseConnectionMax),
  },
  {
    key: 'handshake_timeout',
    doc: 'milliseconds in which a client must have opened its virtual host',
    default: String(HANDSHAKE_MS_MAX),
    apply: field('handshakeTimeoutMs', integerBetween(1, TIMEOUT_MS_MAX)),
  },
  {
    key: 'ssl_handshake_timeout',
    doc: 'milliseconds in which a client must have agreed on TLS',
    default: '5000',
    apply: field('tlsHandshakeTimeoutMs', integerBetween(1, TIMEOUT_MS_MAX)),
  },
]

export const LOGIN_KEYS: readonly ConfigKey[] = [
  {
    key: 'auth_mechanisms.<name>',
    doc: 'PLAIN, AMQPLAIN, EXTERNAL or ANONYMOUS: a way to log in; without any line PLAIN and AMQPLAIN',
    default: '',
    apply: entry(settings => settings.authMechanisms, oneOf(MECHANISMS)),
  },
  {
    key: 'anonymous_login_user',
    doc: 'user that ANONYMOUS logs in as; none: nobody comes in without a name',
    default: 'none',
    apply: field('anonymousUser', text => (text === 'none' ? '' : parseName(text))),
  },
  {
    key: 'anonymous_login_pass',
    doc: 'password of that user',
    default: '',
    apply: field('anonymousPass', text => text),
  },
  {
    key: 'ssl_cert_login_from',
    doc: 'what EXTERNAL takes for the name: distinguished_name, common_name or subject_alternative_name',
    default: 'distinguished_name',
    apply: part('certLogin', 'from', parseNameSource),
  },
  {
    key: 'ssl_cert_login_san_type',
    doc: 'kind of the alternative name: dns, ip, email or uri',
    default: 'dns',
    apply: part('certLogin', 'sanType', oneOf(SAN_TYPES)),
  },
  {
    key: 'ssl_cert_login_san_index',
    doc: 'which of the alternative names of that kind; the first is 0',
    default: '0',
    apply: part('certLogin', 'sanIndex', integerBetween(0, SAN_INDEX_MAX)),
  },
]

function parseConnectionMax(text: string): number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  if (!/^\d{1,9}$/.test(text)) throw new ConfigError('expected a whole number, or infinity')
  return Number(text)
}

function oneOf<W extends string>(words: readonly W[]): (text: string) => W {
  return text => {
    const word = words.find(known => known === text)
    if (word === undefined) throw new ConfigError(`expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`)
    return word
  }
}
