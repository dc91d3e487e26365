/**
 * Certificates of TLS listeners as they are on disk now. A change of the files is taken up without a restart: Kubernetes
 * renews a mounted Secret by another link to its folder, so what is compared is what the files hold.
 */
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Clock, Timer } from '../clock.ts'
import type { CertificateFiles, TlsSettings } from '../config/tls-settings.ts'
import { CERTIFICATE_POLL_MS } from '../limits.ts'

/** Told what became of a change. */
export interface CertificateLog {
  info(facts: object, text: string): void
  error(facts: object, text: string): void
}

/** Certificates that do not work; the message names the file. */
export class CertificateError extends Error {}

/** A private key and what vouches for it, ready for use. */
interface Pair {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  readonly validToMs: number
}

interface Loaded {
  readonly main: Pair
  readonly byHost: ReadonlyMap<string, Pair>
}

export interface CertificatesOptions {
  readonly settings: TlsSettings
  /** What listeners negotiate, the same with every certificate. */
  readonly negotiation: SecureContextOptions
  readonly clock: Clock
  /** Text of the file at a path. Throws as `fs.readFileSync` does. */
  readonly readFile: (path: string) => string
  readonly log: CertificateLog
}

export class Certificates {
  readonly settings: TlsSettings
  readonly #options: CertificatesOptions
  readonly #listeners: ((options: SecureContextOptions) => void)[] = []
  #loaded: Loaded
  /** What was read last, good or bad: bad files are looked into once. */
  #seen: readonly string[]
  /** What was said last of files that can't be read. */
  #complaint: string | undefined
  #poll: Timer | undefined

  /** Throws `CertificateError` when the files are no certificates, or do not belong together. */
  constructor(options: CertificatesOptions) {
    this.settings = options.settings
    this.#options = options
    this.#seen = readAll(options)
    this.#loaded = load(options, this.#seen)
  }

  /** For clients that ask for no host, or for one without a certificate of its own. */
  get main(): SecureContextOptions {
    return this.#loaded.main.options
  }

  /** Milliseconds since 1970 at which the first of the certificates ends. */
  get validToMs(): number {
    return Math.min(...[this.#loaded.main, ...this.#loaded.byHost.values()].map(pair => pair.validToMs))
  }

  /** For clients that ask for the host by name [RFC 6066]; undefined where it has none of its own. */
  contextFor(host: string): SecureContext | undefined {
    const name = host.toLowerCase()
    const pair = this.#loaded.byHost.get(name) ?? this.#loaded.byHost.get(name.replace(/^[^.]+/, '*'))
    return pair?.context
  }

  /** Calls `listener` with each new main certificate. */
  onChange(listener: (options: SecureContextOptions) => void): void {
    this.#listeners.push(listener)
  }

  /** Looks for changes from now on. */
  watch(): void {
    this.#poll = this.#options.clock.after(CERTIFICATE_POLL_MS, () => {
      this.reload()
      this.watch()
    })
  }

  stop(): void {
    this.#poll?.cancel()
  }

  /** Takes up what the files hold now. Files that do not work leave everything as it was. */
  reload(): void {
    const { log, settings } = this.#options
    try {
      const texts = readAll(this.#options)
      this.#complaint = undefined
      if (isSame(texts, this.#seen)) return
      this.#seen = texts
      this.#loaded = load(this.#options, texts)
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error
      this.#complain(error.message)
      return
    }
    for (const listener of this.#listeners) listener(this.main)
    const validTo = new Date(this.validToMs).toISOString()
    log.info({ certificate: settings.certFile, validTo }, 'new certificates are in use')
  }

  /** Files that stay as bad as they are are spoken of once. */
  #complain(reason: string): void {
    if (reason !== this.#complaint) {
      this.#options.log.error({ reason }, 'the certificate files do not work: the old ones stay in use')
    }
    this.#complaint = reason
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.every((text, at) => text === others[at])
}

function filesOf({ certFile, keyFile, sni }: TlsSettings): CertificateFiles[] {
  return [{ certFile, keyFile }, ...Object.values(sni)]
}

/** The CA, then certificate and key of each pair. */
function readAll({ settings, readFile }: CertificatesOptions): string[] {
  const read = (path: string): string => {
    try {
      return readFile(path)
    } catch (error) {
      throw new CertificateError(`cannot read ${path}: ${(error as Error).message}`)
    }
  }
  const pairs = filesOf(settings).flatMap(({ certFile, keyFile }) => [read(certFile), read(keyFile)])
  return [settings.caFile === '' ? '' : read(settings.caFile), ...pairs]
}

function load(options: CertificatesOptions, texts: readonly string[]): Loaded {
  const { settings } = options
  const pairs = filesOf(settings).map((files, at) =>
    pairOf(options, files, { ca: texts[0]!, cert: texts[2 * at + 1]!, key: texts[2 * at + 2]! }),
  )
  const byHost = new Map(Object.keys(settings.sni).map((host, at) => [host, pairs[at + 1]!]))
  return { main: pairs[0]!, byHost }
}

function pairOf(
  { settings, negotiation }: CertificatesOptions,
  { certFile, keyFile }: CertificateFiles,
  { ca, cert, key }: { ca: string; cert: string; key: string },
): Pair {
  const options = {
    ...negotiation,
    cert,
    key,
    ...(settings.password === '' ? {} : { passphrase: settings.password }),
    ...(ca === '' ? {} : { ca }),
  }
  try {
    return {
      options,
      context: createSecureContext(options),
      validToMs: new X509Certificate(cert).validToDate.getTime(),
    }
  } catch (error) {
    throw new CertificateError(`${certFile} with ${keyFile}: ${(error as Error).message}`)
  }
}
