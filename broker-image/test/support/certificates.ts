/** Certificates made for a test: an authority, and what it signs. */
import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  type Extension,
  type JsonGeneralName,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
const LONG_AGO_DAYS = -5_000

/** A certificate with its private key. */
export interface Identity {
  readonly certificate: X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
  /** PEM of the certificate, and those of the authorities between it and the root. */
  readonly certPem: string
  readonly keyPem: string
}

export interface IdentityOptions {
  /** Distinguished name, as `CN=joe,O=Example`. */
  name: string
  signer?: Identity
  isAuthority?: boolean
  alternativeNames?: JsonGeneralName[]
  /** Days from now; negative is in the past. */
  validForDays?: number
  /** The same for its begin; without a word it was long ago, also for a clock that a test moves. */
  validFromDays?: number
}

/** A new key with a certificate, signed by `signer` or by itself. */
export async function makeIdentity(options: IdentityOptions): Promise<Identity> {
  const { name, signer, isAuthority = false, validForDays = 1, validFromDays = LONG_AGO_DAYS } = options
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const notAfter = new Date(Date.now() + validForDays * DAY_MS)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex'),
    subject: name,
    issuer: signer?.certificate.subjectName ?? name,
    notBefore: new Date(Date.now() + validFromDays * DAY_MS),
    notAfter,
    publicKey: keys.publicKey,
    signingKey: (signer?.keys ?? keys).privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: extensions(isAuthority, options.alternativeNames ?? []),
  })
  const keyPem = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  const isIntermediate = signer !== undefined && signer.certificate.subject !== signer.certificate.issuer
  return {
    certificate,
    keys,
    certPem: `${certificate.toString('pem')}\n${isIntermediate ? signer.certPem : ''}`,
    keyPem,
  }
}

function extensions(isAuthority: boolean, names: JsonGeneralName[]): Extension[] {
  const basic = new BasicConstraintsExtension(isAuthority, undefined, true)
  return names.length === 0 ? [basic] : [basic, new SubjectAlternativeNameExtension(names)]
}

/** Paths of an identity's files, and of its authority's certificate. */
export interface Files {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

type Pems = Pick<Identity, 'certPem' | 'keyPem'>

/** Writes `cert.pem`, `key.pem` and `ca.pem` into a folder, each in one step. */
export function writeFiles(folder: string, { certPem, keyPem }: Pems, authority: Identity): Files {
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
    return path
  }
  return { cert: write('cert.pem', certPem), key: write('key.pem', keyPem), ca: write('ca.pem', authority.certPem) }
}
