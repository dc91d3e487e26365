/** What settings need of each other, once all of them are read. */
import { ConfigError } from './config-error.ts'
import type { Settings } from './settings.ts'
import type { TlsSettings } from './tls-settings.ts'

/** Throws `ConfigError` naming the key that is missing. */
export function assertConsistent(settings: Settings): void {
  const { amqpsListeners, managementTls, tls, authMechanisms, anonymousUser } = settings
  if (Object.keys(amqpsListeners).length > 0) assertTls('listeners.ssl', 'ssl_options', tls)
  if (managementTls.port !== undefined) assertTls('management.ssl.port', 'management.ssl', managementTls)
  if (Object.values(authMechanisms).includes('ANONYMOUS') && anonymousUser === '') {
    throw new ConfigError('auth_mechanisms: ANONYMOUS needs anonymous_login_user')
  }
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
