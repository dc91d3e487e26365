/** TLS as listeners speak it, AMQP and HTTP alike: what is offered, and which clients are let in. */
import { constants, type X509Certificate } from 'node:crypto'
import type { SecureContextOptions, Server, TLSSocket, TlsOptions } from 'node:tls'
import type { TlsSettings, TlsVersion } from '../config/tls-settings.ts'
import type { Certificates } from './certificates.ts'

const VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']

/** Versions and ciphers that the settings allow. */
export function negotiationOf(settings: TlsSettings): SecureContextOptions {
  const wanted = Object.values(settings.versions)
  const versions = wanted.length === 0 ? VERSIONS : VERSIONS.filter(version => wanted.includes(version))
  const ciphers = Object.values(settings.ciphers)
  return {
    minVersion: versions[0]!,
    maxVersion: versions.at(-1)!,
    honorCipherOrder: settings.honorsCipherOrder,
    secureOptions: secureOptions(settings),
    ...(ciphers.length === 0 ? {} : { ciphers: ciphers.join(':') }),
  }
}

/** A session that is taken up again would bring an old verdict on the client's certificate with it. */
function secureOptions({ isPeerVerified }: TlsSettings): number {
  return constants.SSL_OP_NO_RENEGOTIATION | (isPeerVerified ? constants.SSL_OP_NO_TICKET : 0)
}

/** Options of a server; `keepUpToDate` gives it new certificates later. */
export function tlsOptions(certificates: Certificates, handshakeTimeout: number): TlsOptions {
  return {
    ...certificates.main,
    handshakeTimeout,
    requestCert: certificates.settings.isPeerVerified,
    // A client without a certificate may come in where none is required, so `refusalOf` decides.
    rejectUnauthorized: false,
    SNICallback: (host, done) => done(null, certificates.contextFor(host)),
  }
}

/** New connections get new certificates; open ones stay as they are. */
export function keepUpToDate(server: Server, certificates: Certificates): void {
  certificates.onChange(options => server.setSecureContext(options))
}

/** Why a client whose handshake is done may not come in; undefined where it may. */
export function refusalOf(socket: TLSSocket, { settings, authorities }: Certificates): string | undefined {
  if (!settings.isPeerVerified) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return settings.isPeerCertRequired ? 'the client shows no certificate' : undefined
  // Node's types say Error; it is a code.
  if (!socket.authorized) return `the client's certificate does not hold: ${socket.authorizationError as unknown}`
  if (!settings.isSignerListed || authorities.some(authority => isSignedBy(certificate, authority))) return undefined
  return "who signed the client's certificate is not in cacertfile, and depth is 0"
}

function isSignedBy(certificate: X509Certificate, signer: X509Certificate): boolean {
  return certificate.checkIssued(signer) && certificate.verify(signer.publicKey)
}

/** The client's certificate, if it was verified. */
export function verifiedCertificate(socket: TLSSocket): X509Certificate | undefined {
  return socket.authorized ? socket.getPeerX509Certificate() : undefined
}
