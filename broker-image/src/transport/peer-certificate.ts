/** Names in a client's certificate, as RabbitMQ shows them and logs in with them. */
import type { X509Certificate } from 'node:crypto'
import type { Settings } from '../config/settings.ts'
import type { AlternativeNameType } from '../config/tls-settings.ts'

/** What is kept of a certificate that was verified. */
export interface PeerFacts {
  /** Distinguished names, the last part first [RFC 4514]. */
  readonly subject: string
  readonly issuer: string
  readonly validity: string
  /** Who EXTERNAL logs in as; undefined where the certificate has no such name. */
  readonly loginName: string | undefined
}

export function peerFacts(certificate: X509Certificate, certLogin: Settings['certLogin']): PeerFacts {
  const { validFromDate, validToDate } = certificate
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    validity: `${isoSeconds(validFromDate)} - ${isoSeconds(validToDate)}`,
    loginName: loginName(certificate, certLogin),
  }
}

function isoSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '')
}

/** OpenSSL's short names that RabbitMQ spells otherwise. */
const SPELLING: { readonly [name: string]: string } = {
  GN: 'GIVENNAME',
  title: 'TITLE',
  initials: 'INITIALS',
  generationQualifier: 'GENERATIONQUALIFIER',
  serialNumber: 'SERIALNUMBER',
  pseudonym: 'PSEUDONYM',
  emailAddress: 'EMAILADDRESS',
  street: 'STREET',
}

/** From Node's form, which has a line for each part, the first part first, with what is special escaped. */
function distinguishedName(lines: string | undefined): string {
  const parts = (lines ?? '').split('\n').reverse()
  const spelt = parts.map(part =>
    part
      .split(' + ')
      .map(pair => pair.replace(/^\w+(?==)/, name => SPELLING[name] ?? name))
      .join('+'),
  )
  return escapeBytes(spelt.join(','))
}

/** RabbitMQ writes as hexadecimal bytes what is not a printable character of ASCII. */
function escapeBytes(text: string): string {
  return text.replace(/[^\x20-\x7d]+/g, characters =>
    [...Buffer.from(characters)].map(byte => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

function loginName(
  certificate: X509Certificate,
  { from, sanType, sanIndex }: Settings['certLogin'],
): string | undefined {
  if (from === 'distinguished_name') return distinguishedName(certificate.subject) || undefined
  if (from === 'subject_alternative_name') return alternativeNames(certificate, sanType)[sanIndex]
  // Node's types know one common name only; a certificate may have several.
  const names = certificate.toLegacyObject().subject?.CN as string | string[] | undefined
  return Array.isArray(names) ? names.join(',') : names
}

const LABELS: { readonly [type in AlternativeNameType]: string } = {
  dns: 'DNS',
  ip: 'IP Address',
  email: 'email',
  uri: 'URI',
}

/** In quotes stand those that could be mistaken for more than one. */
const ALTERNATIVE_NAME = /(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)/g

function alternativeNames(certificate: X509Certificate, type: AlternativeNameType): string[] {
  const found = (certificate.subjectAltName ?? '').matchAll(ALTERNATIVE_NAME)
  return [...found].flatMap(([, label, text = '']) => {
    if (label !== LABELS[type]) return []
    return [text.startsWith('"') ? (JSON.parse(text) as string) : text]
  })
}
