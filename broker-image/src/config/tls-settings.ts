/** What a TLS listener is told: certificates, who must show one, and what is negotiated. */

export interface CertificateFiles {
  certFile: string
  keyFile: string
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

export interface TlsSettings extends CertificateFiles {
  /** Certificates of those who may sign a client's; empty where clients show none. */
  caFile: string
  /** Of the private keys, where they are encrypted. */
  password: string
  /** A client that shows a certificate must show one that the CA file vouches for. */
  isPeerVerified: boolean
  /** A client must show a certificate. */
  isPeerCertRequired: boolean
  /** A client's certificate must be signed by one of the CA file, not by one that the client brings along. */
  isSignerListed: boolean
  /** By the name in `versions.<name>`; empty means all that we know. */
  versions: { [name: string]: TlsVersion }
  /** OpenSSL's names, by the name in `ciphers.<name>`; empty means OpenSSL's choice. */
  ciphers: { [name: string]: string }
  /** The server's order of ciphers counts, not the client's. */
  honorsCipherOrder: boolean
  /** Other certificates, by the host name that a client asks for; `*.example.com` stands for one label. */
  sni: { [host: string]: CertificateFiles }
}

/** Where a name to log in with is in a client's certificate. */
export type CertificateNameSource = 'distinguished_name' | 'common_name' | 'subject_alternative_name'

/** Kinds of alternative names that can be logged in with. */
export type AlternativeNameType = 'dns' | 'ip' | 'email' | 'uri'

/** As Erlang's TLS has them, but that a CA file alone asks nobody for a certificate. */
export function defaultTls(): TlsSettings {
  return {
    caFile: '',
    certFile: '',
    keyFile: '',
    password: '',
    isPeerVerified: false,
    isPeerCertRequired: false,
    isSignerListed: false,
    versions: {},
    ciphers: {},
    honorsCipherOrder: true,
    sni: {},
  }
}
