/** What settings need of each other, once all of them are read. */
import { ConfigError } from './config-error.ts'
import type { Settings } from './settings.ts'
import type { TlsSettings } from './tls-settings.ts'

/** Throws `ConfigError` naming the key that is missing; warns of keys that lack another one to matter. */
export function assertConsistent(settings: Settings): void {
  const { amqpsListeners, managementTls, tls, authMechanisms, anonymousUser } = settings
  const assertUsed = (isOpen: boolean, asked: string, prefix: string, of: TlsSettings): void => {
    if (isOpen) assertTls(asked, prefix, of)
    else if (isGiven(of)) settings.warnings.push(`${prefix} has no effect without ${asked}: nothing listens with TLS`)
  }
  assertUsed(Object.keys(amqpsListeners).length > 0, 'listeners.ssl', 'ssl_options', tls)
  assertUsed(managementTls.port !== undefined, 'management.ssl.port', 'management.ssl', managementTls)
  if (Object.values(authMechanisms).includes('ANONYMOUS') && anonymousUser === '') {
    throw new ConfigError('auth_mechanisms: ANONYMOUS needs anonymous_login_user')
  }
}

function isGiven({ caFile, certFile, keyFile, isPeerVerified, sni }: TlsSettings): boolean {
  return [caFile, certFile, keyFile].some(file => file !== '') || isPeerVerified || Object.keys(sni).length > 0
}

function assertTls(asked: string, prefix: string, tls: TlsSettings): void {
  const needs = (key: string, value: string): void => {
    if (value === '') throw new ConfigError(`${asked} needs ${prefix}.${key}`)
  }
  needs('certfile', tls.certFile)
  needs('keyfile', tls.keyFile)
  for (const [host, { certFile, keyFile }] of Object.entries(tls.sni)) {
    needs(`sni.${host}.certfile`, certFile)
    needs(`sni.${host}.keyfile`, keyFile)
  }
  if (tls.isPeerVerified && tls.caFile === '') {
    throw new ConfigError(`${prefix}.verify = verify_peer needs ${prefix}.cacertfile`)
  }
  if (tls.isPeerCertRequired && !tls.isPeerVerified) {
    throw new ConfigError(`${prefix}.fail_if_no_peer_cert = true needs ${prefix}.verify = verify_peer`)
  }
}
