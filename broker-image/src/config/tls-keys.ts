/** Keys of TLS: the same family under `ssl_options` for AMQP and under `management.ssl` for the management API. */
import { getCiphers } from 'node:tls'
import { ConfigError } from './config-error.ts'
import type { ConfigKey } from './config-key.ts'
import type { Settings } from './settings.ts'
import type { TlsSettings, TlsVersion } from './tls-settings.ts'
import { parseBoolean, parseName } from './value-parsers.ts'

type ApplyTls = (tls: TlsSettings, text: string, name: string) => void

const VERSIONS: { readonly [name: string]: TlsVersion } = { 'tlsv1.2': 'TLSv1.2', 'tlsv1.3': 'TLSv1.3' }

/** Key behind the prefix, meaning, default, effect. */
const FAMILY: readonly (readonly [string, string, string, ApplyTls])[] = [
  [
    'cacertfile',
    'file with the certificates of those who may sign a client certificate',
    '',
    field('caFile', parseName),
  ],
  ['certfile', 'file with the certificate and its intermediates, the server first', '', field('certFile', parseName)],
  ['keyfile', 'file with its private key', '', field('keyFile', parseName)],
  ['password', 'password of encrypted private keys', '', field('password', text => text)],
  [
    'verify',
    'verify_peer asks clients for a certificate and checks it; verify_none does not',
    'verify_none',
    field('isPeerVerified', parseVerify),
  ],
  [
    'fail_if_no_peer_cert',
    'whether a client without a certificate is refused; needs verify_peer',
    'false',
    field('isPeerCertRequired', parseBoolean),
  ],
  [
    'depth',
    'only 0: whoever signs a client certificate must be in cacertfile; without a line chains may have any length',
    '',
    field('isSignerListed', parseDepth),
  ],
  [
    'versions.<name>',
    'tlsv1.2 or tlsv1.3: a version that is offered; without any line both are',
    '',
    (tls, text, name) => {
      tls.versions[name] = parseVersion(text)
    },
  ],
  [
    'ciphers.<name>',
    "a cipher suite by OpenSSL's name; without any line Node's choice",
    '',
    (tls, text, name) => {
      tls.ciphers[name] = parseCipher(text)
    },
  ],
  [
    'honor_cipher_order',
    "whether the server's order of ciphers counts",
    'true',
    field('honorsCipherOrder', parseBoolean),
  ],
  ['client_renegotiation', 'only false: nobody renegotiates', 'false', onlyBoolean(false)],
  ['secure_renegotiate', 'only true', 'true', onlyBoolean(true)],
]

export const TLS_KEYS: readonly ConfigKey[] = [
  ...familyOf('ssl_options', settings => settings.tls),
  sniKey('certfile', 'certFile', 'certificate for clients that ask for this host name, or for one under *.'),
  sniKey('keyfile', 'keyFile', 'its private key'),
  ...familyOf('management.ssl', settings => settings.managementTls),
]

function familyOf(prefix: string, of: (settings: Settings) => TlsSettings): ConfigKey[] {
  return FAMILY.map(([key, doc, text, apply]) => ({
    key: `${prefix}.${key}`,
    doc,
    default: text,
    apply: (settings, value, name) => apply(of(settings), value, name),
  }))
}

function sniKey(word: string, field: 'certFile' | 'keyFile', doc: string): ConfigKey {
  return {
    key: `ssl_options.sni.<name>.${word}`,
    doc,
    default: '',
    apply: ({ tls }, text, host) => {
      const name = host.toLowerCase()
      tls.sni[name] = { certFile: '', keyFile: '', ...tls.sni[name], [field]: parseName(text) }
    },
  }
}

function field<F extends keyof TlsSettings>(name: F, parse: (text: string) => TlsSettings[F]): ApplyTls {
  return (tls, text) => {
    tls[name] = parse(text)
  }
}

function parseVerify(text: string): boolean {
  if (text !== 'verify_peer' && text !== 'verify_none') throw new ConfigError('expected verify_peer or verify_none')
  return text === 'verify_peer'
}

/** A switch that is accepted, because files have it, but cannot be turned. */
function onlyBoolean(only: boolean): ApplyTls {
  return (_tls, text) => {
    if (parseBoolean(text) !== only) throw new ConfigError(`expected ${only}, there is nothing else`)
  }
}

/** Node does not tell a server which certificates a client brought along, so that they can't be counted. */
function parseDepth(text: string): true {
  if (text === '0') return true
  throw new ConfigError(
    'expected 0, with all who may sign client certificates, and those above them, in cacertfile; or leave it out: then chains may have any length',
  )
}

function parseVersion(text: string): TlsVersion {
  const version = VERSIONS[text]
  if (version === undefined) throw new ConfigError('expected tlsv1.2 or tlsv1.3; older versions are not safe')
  return version
}

function parseCipher(text: string): string {
  if (!getCiphers().includes(text.toLowerCase())) {
    throw new ConfigError('expected a cipher suite such as ECDHE-RSA-AES256-GCM-SHA384 or TLS_AES_256_GCM_SHA384')
  }
  return text
}
